using System.Net;
using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Text.Json;
using Control.Kubernetes.Access;
using Control.Kubernetes.Discovery;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Http;
using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Client;

/// <summary>
/// Speaks to one API server about objects of any kind. Its methods fail with <see cref="KubernetesException"/>, which has what the server
/// said; safe to be used by many at once.
/// </summary>
public sealed partial class KubernetesClient : IDisposable
{
    // Of what an answer says of its own length; the rest is taken as it comes.
    private const int LargestTrusted = 64 * 1024;

    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private readonly HttpClient _http;
    private readonly ClientOptions _options;
    private readonly TimeProvider _time;
    private readonly CredentialSource _credentials;

    private KubernetesClient(HttpClient http, ClientOptions options, TimeProvider time, CredentialSource credentials) =>
        (_http, _options, _time, _credentials) = (http, options, time, credentials);

    /// <summary>A client for a cluster; connects when first used.</summary>
    /// <exception cref="ArgumentException">Options are out of range.</exception>
    public static KubernetesClient Create(ClusterAccess access, ClientOptions? options = null, TimeProvider? time = null)
    {
        options ??= new ClientOptions();
        options.Validate();
        time ??= TimeProvider.System;
        var credentials = new CredentialSource(access, time);
        return new KubernetesClient(Http(access, credentials, ClusterTransport.Create(access, credentials, options), options, time), options, time, credentials);
    }

    /// <summary>A client over a transport of its own, such as a tunnel.</summary>
    internal static KubernetesClient Over(HttpMessageHandler transport, ClusterAccess access, ClientOptions options, TimeProvider time)
    {
        var credentials = new CredentialSource(access, time);
        return new KubernetesClient(Http(access, credentials, transport, options, time), options, time, credentials);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _credentials.Dispose();
    }

    /// <summary>What the server is; also the cheapest question that needs it to work.</summary>
    public async Task<ServerVersion> VersionAsync(CancellationToken cancellationToken = default)
    {
        using var json = await ReadJsonAsync("/version", "application/json", cancellationToken).ConfigureAwait(false);
        var version = json.RootElement;
        return new ServerVersion(version.Text("gitVersion") ?? "", version.Text("major") ?? "", version.Text("minor") ?? "", version.Text("platform") ?? "");
    }

    /// <summary>Asks for all kinds it serves. Group versions that do not answer are told and left out.</summary>
    public async Task<ApiCatalog> DiscoverAsync(CancellationToken cancellationToken = default)
    {
        using var core = await ReadJsonAsync("/api", ApiDiscovery.Accept, cancellationToken).ConfigureAwait(false);
        using var groups = await ReadJsonAsync("/apis", ApiDiscovery.Accept, cancellationToken).ConfigureAwait(false);
        if (ApiDiscovery.IsAggregated(core.RootElement) && ApiDiscovery.IsAggregated(groups.RootElement))
        {
            var (first, rest) = (ApiDiscovery.ReadAggregated(core.RootElement), ApiDiscovery.ReadAggregated(groups.RootElement));
            return new ApiCatalog([.. first.Resources, .. rest.Resources], [.. first.Unavailable, .. rest.Unavailable]);
        }

        var versions = ApiDiscovery.ReadVersions(core.RootElement).Concat(ApiDiscovery.ReadVersions(groups.RootElement)).ToList();
        var kinds = await Task.WhenAll(versions.Select(version => KindsAsync(version.Group, version.Version, cancellationToken))).ConfigureAwait(false);
        return new ApiCatalog(
            [.. kinds.OfType<IReadOnlyList<ApiResource>>().SelectMany(some => some)],
            [.. versions.Where((_, i) => kinds[i] is null).Select(version => ApiDiscovery.Join(version.Group, version.Version))]);
    }

    /// <summary>A stream of bytes, such as a log; ends with the server's end or the caller's.</summary>
    /// <param name="path">Below the server's address, with its query, such as <see cref="ApiResource.Path"/> makes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<Stream> OpenAsync(string path, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        HttpResponseMessage response;
        try
        {
            response = await SendAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (IsBroken(fault))
        {
            throw KubernetesException.Unreachable($"The connection to the API server broke: {fault.Message}", fault);
        }

        return await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
    }

    private static HttpClient Http(ClusterAccess access, CredentialSource credentials, HttpMessageHandler transport, ClientOptions options, TimeProvider time)
    {
        var rate = new RequestRate(options.RequestsPerSecond, options.Burst, time);
        var shown = new CredentialHandler(access, credentials, transport);
        var http = new HttpClient(new RetryHandler(options.Tries, time, new RateHandler(rate, options.LongestWait, time, shown)))
        {
            BaseAddress = new Uri($"{access.Server.GetLeftPart(UriPartial.Path).TrimEnd('/')}/"),
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
        };
        http.DefaultRequestHeaders.UserAgent.ParseAdd(options.UserAgent);
        return http;
    }

    private async Task<IReadOnlyList<ApiResource>?> KindsAsync(string group, string version, CancellationToken cancellationToken)
    {
        try
        {
            var path = group.Length == 0 ? $"/api/{Uri.EscapeDataString(version)}" : $"/apis/{Uri.EscapeDataString(group)}/{Uri.EscapeDataString(version)}";
            using var json = await ReadJsonAsync(path, "application/json", cancellationToken).ConfigureAwait(false);
            return [.. ApiDiscovery.ReadKinds(json.RootElement, group, version)];
        }
        catch (KubernetesException fault) when (fault.Status.Code is 404 or >= 500)
        {
            return null;
        }
    }

    private async Task<JsonDocument> ReadJsonAsync(string path, string accept, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        var body = await AskAsync(request, cancellationToken).ConfigureAwait(false);
        try
        {
            return JsonDocument.Parse(body);
        }
        catch (JsonException fault)
        {
            throw KubernetesException.Unreachable($"What answers at {_http.BaseAddress} is no API server: {fault.Message}", fault);
        }
    }

    private async Task<KubernetesObject> AskForObjectAsync(HttpMethod method, string path, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content };
        return KubernetesObject.Parse(await AskAsync(request, cancellationToken).ConfigureAwait(false));
    }

    // The whole answer, within the time and size that an answer may have.
    private async Task<ReadOnlyMemory<byte>> AskAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.RequestTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var response = await SendAsync(request, either.Token).ConfigureAwait(false);
            return await BodyAsync(response, _options.LargestAnswer, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException fault) when (!cancellationToken.IsCancellationRequested)
        {
            throw KubernetesException.Unreachable($"The API server did not answer within {_options.RequestTimeout.TotalSeconds:0} s.", fault);
        }
        catch (Exception fault) when (IsBroken(fault))
        {
            throw KubernetesException.Unreachable($"The connection to the API server broke: {fault.Message}", fault);
        }
    }

    // Also in the middle of what it has compressed.
    private static bool IsBroken(Exception fault) => fault is HttpRequestException or IOException or InvalidDataException;

    // Answers with its head read and its body not; what is no success is thrown.
    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // A path that begins with a slash would leave out that of the server's address.
        request.RequestUri = new Uri(request.RequestUri!.OriginalString.TrimStart('/'), UriKind.Relative);
        HttpResponseMessage response;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException fault)
        {
            throw KubernetesException.Unreachable(Explain(fault), fault);
        }

        if (response.IsSuccessStatusCode) return response;
        using (response)
        {
            throw new KubernetesException(await StatusAsync(response, cancellationToken).ConfigureAwait(false));
        }
    }

    private static async Task<KubernetesStatus> StatusAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        const int longest = 1024 * 1024;
        var status = KubernetesStatus.Read((int)response.StatusCode, (await BodyAsync(response, longest, cancellationToken).ConfigureAwait(false)).Span);
        return status.RetryAfter is null && response.Headers.RetryAfter?.Delta is { } wait ? status with { RetryAfter = wait } : status;
    }

    private static async Task<ReadOnlyMemory<byte>> BodyAsync(HttpResponseMessage response, int longest, CancellationToken cancellationToken)
    {
        var body = new MemoryStream((int)Math.Clamp(response.Content.Headers.ContentLength ?? 0, 0, Math.Min(longest, LargestTrusted)));
        using var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var buffer = new byte[81920];
        while (await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var read)
        {
            if (body.Length + read > longest) throw KubernetesException.Unreachable($"The API server's answer is longer than {longest} bytes. Ask for pages.");
            body.Write(buffer, 0, read);
        }

        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    private string Explain(HttpRequestException fault) => fault.InnerException switch
    {
        AuthenticationException refused => $"{_http.BaseAddress!.GetLeftPart(UriPartial.Authority)} shows a certificate that is not trusted here ({refused.Message}). Check certificate-authority-data, and tls-server-name.",
        _ => $"The API server at {_http.BaseAddress!.GetLeftPart(UriPartial.Authority)} does not answer: {fault.Message}",
    };
}
