using System.Net;
using Control.Kubernetes.Access;

namespace Control.Kubernetes.Http;

/// <summary>Says with every request who asks, and renews what was refused once.</summary>
internal sealed class CredentialHandler(ClusterAccess access, CredentialSource credentials, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Impersonate(request);
        // .NET takes the name that the server must prove from this header.
        if (access.TlsServerName is not null) request.Headers.Host = access.TlsServerName;
        request.Headers.Authorization = await credentials.GetAsync(cancellationToken).ConfigureAwait(false);
        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode != HttpStatusCode.Unauthorized || !credentials.Forget(request.Headers.Authorization)) return response;
        response.Dispose();
        request.Headers.Authorization = await credentials.GetAsync(cancellationToken).ConfigureAwait(false);
        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private void Impersonate(HttpRequestMessage request)
    {
        if (access.Impersonation is not { } other || request.Headers.Contains("Impersonate-User")) return;
        request.Headers.TryAddWithoutValidation("Impersonate-User", other.User);
        if (other.Uid is not null) request.Headers.TryAddWithoutValidation("Impersonate-Uid", other.Uid);
        foreach (var group in other.Groups) request.Headers.TryAddWithoutValidation("Impersonate-Group", group);
        // Percent-encoded, as a header's name has few characters and no case.
        foreach (var (key, value) in other.Extra) request.Headers.TryAddWithoutValidation($"Impersonate-Extra-{Uri.EscapeDataString(key)}", value);
    }
}
