using System.Net;

namespace Control.Kubernetes.Http;

/// <summary>Holds requests back to the client's rate, and refuses as an API server would where that took too long.</summary>
internal sealed class RateHandler(RequestRate rate, TimeSpan longest, TimeProvider time, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (rate.Take(longest) is not { } wait)
        {
            return new HttpResponseMessage(HttpStatusCode.TooManyRequests)
            {
                RequestMessage = request,
                Content = new StringContent("Too many requests to this cluster wait already. Ask again in a moment."),
            };
        }

        if (wait > TimeSpan.Zero) await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }
}
