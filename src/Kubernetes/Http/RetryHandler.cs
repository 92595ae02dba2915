using System.Net;

namespace Control.Kubernetes.Http;

/// <summary>
/// Sends again what the API server asks to be sent again, and what can be sent twice without harm. Like client-go
/// (rest/with_retry.go) it takes 429, and 5xx with Retry-After, for such a wish; unlike it, only 429 for requests that would be carried
/// out twice, for a server that loses its store's leader also answers 500 with Retry-After.
/// </summary>
internal sealed class RetryHandler(int tries, TimeProvider time, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    private static readonly TimeSpan LongestWish = TimeSpan.FromSeconds(30);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        for (var sent = 1; ; sent++)
        {
            HttpResponseMessage? response = null;
            try
            {
                response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            }
            catch (HttpRequestException) when (sent < tries && IsRead(request))
            {
                // Sent again below.
            }

            if (response is not null && (sent == tries || WaitFor(request, response) is null)) return response;
            var wait = (response is null ? null : WaitFor(request, response)) ?? BackOff(sent);
            response?.Dispose();
            await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>How long to wait before the request is sent again; null for an answer to give back.</summary>
    internal TimeSpan? WaitFor(HttpRequestMessage request, HttpResponseMessage response)
    {
        var wish = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        var isAsked = response.StatusCode == HttpStatusCode.TooManyRequests
            ? wish is not null
            : (int)response.StatusCode >= 500 && wish is not null && request.Method != HttpMethod.Post && request.Method != HttpMethod.Patch;
        return isAsked && wish <= LongestWish ? TimeSpan.FromTicks(Math.Max(0, wish.Value.Ticks)) : null;
    }

    private static bool IsRead(HttpRequestMessage request) => request.Method == HttpMethod.Get || request.Method == HttpMethod.Head;

    // A quarter of a second, doubled each time, and up to half as much again, so that clients do not come together.
    private static TimeSpan BackOff(int sent) => TimeSpan.FromMilliseconds(250 * Math.Pow(2, sent - 1) * (1 + (Random.Shared.NextDouble() / 2)));
}
