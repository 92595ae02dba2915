using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using Control.Contracts;

namespace Control.Cli.Client;

/// <summary>
/// The REST interface as typed methods; one file per noun. Requests that cannot do harm twice (reads, and POSTs by their
/// idempotency key) are repeated when the connection fails; any request is repeated when it certainly never arrived.
/// </summary>
/// <remarks>
/// Every method throws <see cref="ProblemException"/> when the server refuses, <see cref="ServerUnreachableException"/>
/// when there is no answer, and <see cref="UntrustedCertificateException"/> when it is not the server it should be.
/// </remarks>
public sealed partial class ControlClient : IDisposable
{
    /// <summary>Larger JSON answers are refused: 64 MiB.</summary>
    private const int MaxAnswerBytes = 64 << 20;

    private readonly ClientOptions _options;
    private readonly CertificatePin _pin;
    private readonly HttpClient _http;
    private readonly Uri _base;

    /// <summary>A client for one server.</summary>
    /// <exception cref="ArgumentException">An option is out of range; the message names the cure.</exception>
    public ControlClient(ClientOptions options)
    {
        _options = options.Checked();
        _pin = new CertificatePin(_options.Fingerprint);
        _base = new Uri(_options.Server.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/");
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false, // a redirect could carry the token elsewhere
            AutomaticDecompression = DecompressionMethods.All,
            UseProxy = !_options.Server.IsLoopback, // a proxy's loopback is another machine
            ConnectTimeout = TimeSpan.FromSeconds(10),
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = _pin.Accept },
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxAnswerBytes };
    }

    /// <summary>The server this client speaks to.</summary>
    public Uri Server => _options.Server;

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string Escape(string segment) => Uri.EscapeDataString(segment);

    private static string Query(string path, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        var text = new StringBuilder(path);
        var separator = '?';
        foreach (var (name, value) in parameters)
        {
            if (value is not null)
            {
                text.Append(separator).Append(name).Append('=').Append(Escape(value));
                separator = '&';
            }
        }

        return text.ToString();
    }

    private async Task<Answer<T>> GetAsync<T>(string path, CancellationToken cancellationToken) =>
        await AskAsync<T>(new ApiRequest(HttpMethod.Get, path), cancellationToken);

    private Task<Answer<ItemPage<T>>> ListAsync<T>(string path, PageQuery page, CancellationToken cancellationToken) =>
        GetAsync<ItemPage<T>>(
            Query(path, ("state", page.State), ("cursor", page.Cursor), ("limit", page.Limit?.ToString(CultureInfo.InvariantCulture))),
            cancellationToken);

    private Task<Answer<T>> PostAsync<T>(string path, object body, CancellationToken cancellationToken) =>
        AskAsync<T>(new ApiRequest(HttpMethod.Post, path, RequestBody.Json(body)), cancellationToken);

    private async Task DeleteAsync(string path, string? condition, CancellationToken cancellationToken) =>
        await AskTextAsync(new ApiRequest(HttpMethod.Delete, path, Condition: condition), cancellationToken);

    private async Task<Answer<T>> AskAsync<T>(ApiRequest request, CancellationToken cancellationToken)
    {
        var json = await AskTextAsync(request, cancellationToken);
        try
        {
            return new Answer<T>(ContractJson.Read<T>(json), json);
        }
        catch (System.Text.Json.JsonException e)
        {
            throw new ServerUnreachableException(
                $"{Server} answered {request} with something this program does not understand; check the address and that both have matching versions.", e);
        }
    }

    private async Task<string> AskTextAsync(ApiRequest request, CancellationToken cancellationToken) =>
        Encoding.UTF8.GetString(await AskBytesAsync(request, cancellationToken));

    private Task<byte[]> AskBytesAsync(ApiRequest request, CancellationToken cancellationToken) =>
        RepeatAsync(request, async token =>
        {
            using var limit = new CancellationTokenSource(_options.Timeout, _options.Time);
            using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, token);
            using var response = await SendAsync(request, "application/json, application/problem+json, */*;q=0.5", both.Token);
            return await response.Content.ReadAsByteArrayAsync(both.Token);
        }, cancellationToken);

    /// <summary>One try; an answer that is not a success is thrown as the problem it is.</summary>
    private async Task<HttpResponseMessage> SendAsync(ApiRequest request, string accept, CancellationToken cancellationToken)
    {
        using var message = request.ToMessage(_base, _options.Token, accept);
        var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            throw new ProblemException(Problem.From(response.StatusCode, body), request.ToString(), request.TraceId);
        }
    }

    private async Task<TResult> RepeatAsync<TResult>(
        ApiRequest request, Func<CancellationToken, Task<TResult>> attempt, CancellationToken cancellationToken)
    {
        var began = _options.Time.GetTimestamp();
        var unanswered = 0;
        for (var number = 1; ; number++)
        {
            try
            {
                return await attempt(cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // A limit is not over in seconds, and who cannot be reached may not be there at all.
                var mayWait = e is ProblemException { Problem.Status: not 429 }
                    ? number < _options.Tries || _options.Time.GetElapsedTime(began) < _options.Patience
                    : ++unanswered < _options.Tries;
                if (!mayWait || !MayRepeat(request, e))
                {
                    throw Explain(e) ?? e;
                }
            }

            await Task.Delay(Pause(number), _options.Time, cancellationToken);
        }
    }

    private static bool MayRepeat(ApiRequest request, Exception e)
    {
        var neverArrived = e is HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError,
        };
        var harmless = request.Method == HttpMethod.Get || request.IdempotencyKey is not null;
        return neverArrived || (harmless && IsPassing(e));
    }

    /// <summary>True for failures that may be over with the next try.</summary>
    private static bool IsPassing(Exception e) => e switch
    {
        // A refused certificate stays refused; a handshake that broke off is a broken connection like others.
        HttpRequestException http => http.InnerException is not AuthenticationException,
        IOException or OperationCanceledException => true,
        ProblemException problem => problem.Problem.Status is 502 or 503 or 504 or 429
            || problem.Problem.Code == "idempotency-in-progress",
        _ => false,
    };

    private TimeSpan Pause(int number)
    {
        var pause = _options.BackOff * Math.Pow(2, Math.Min(number - 1, 16));
        var capped = pause < _options.MaxBackOff ? pause : _options.MaxBackOff;
        return capped * (0.5 + (Random.Shared.NextDouble() / 2)); // jitter, so that many clients do not come back as one
    }

    /// <summary>The failure in words a person can act on; null for one that needs none.</summary>
    private Exception? Explain(Exception e) => e switch
    {
        HttpRequestException { InnerException: AuthenticationException } when _pin.Refused is { } presented =>
            new UntrustedCertificateException(presented, _options.Fingerprint, e),
        HttpRequestException http => new ServerUnreachableException(
            $"{Server} could not be reached: {(http.InnerException ?? http).Message} Check the address and that the server runs.", e),
        IOException => new ServerUnreachableException($"The connection to {Server} broke: {e.Message}", e),
        OperationCanceledException => new ServerUnreachableException(
            $"{Server} did not answer within {_options.Timeout.TotalSeconds:0} s. What was asked for may still happen.", e),
        _ => null,
    };
}
