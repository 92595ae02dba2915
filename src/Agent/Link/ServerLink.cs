using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Authentication;
using System.Text.Json;
using Control.Contracts;
using Control.Contracts.Agents;
using Control.Contracts.Runs;

namespace Control.Agent.Link;

/// <summary>
/// The agent's side of the server's <c>/api/v1/agent</c> routes. It never throws for what a network or a server may do; only
/// the caller's cancellation comes out as an exception. Safe for concurrent use.
/// </summary>
internal sealed class ServerLink : IJobServer, IDisposable
{
    private const string IncarnationHeader = "Control-Incarnation";

    private readonly HttpClient _http;
    private readonly Gateways _gateways;
    private readonly TimeSpan _patience;
    private readonly TimeProvider _time;

    // Of the server's store, once it has said so: with every request, so that a server whose store went back in time notices.
    private string? _incarnation;

    /// <summary>Talks through <paramref name="handler"/>, which it then owns.</summary>
    /// <param name="servers">Base addresses of the gateways of one cluster.</param>
    /// <param name="handler">See <see cref="CreateHandler"/>.</param>
    /// <param name="time">For time limits.</param>
    public ServerLink(IReadOnlyList<Uri> servers, HttpMessageHandler handler, TimeProvider time)
    {
        _time = time;
        _gateways = new Gateways(servers);
        // With another gateway to turn to, the server must hear of the agent well before it takes it for lost (14 s).
        _patience = TimeSpan.FromSeconds(servers.Count > 1 ? 5 : 15);
        _http = new HttpClient(handler)
        {
            // HTTP/2 gives up a parked poll without a new connection; HTTP/1.1 stays possible for proxies.
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
            Timeout = Timeout.InfiniteTimeSpan,
            MaxResponseContentBufferSize = 16 << 20,
        };
    }

    /// <summary>HTTPS with keep-alive pings, so that a half-open connection is noticed, and the pin instead of authorities when there is one.</summary>
    /// <param name="servers">Servers on this machine are not asked for by way of the proxy that HTTPS_PROXY may name.</param>
    /// <param name="fingerprint">The pin; null for authorities.</param>
    public static SocketsHttpHandler CreateHandler(IReadOnlyList<Uri> servers, string? fingerprint)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !servers.All(server => server.IsLoopback),
            ConnectTimeout = TimeSpan.FromSeconds(5),
            KeepAlivePingDelay = TimeSpan.FromSeconds(10),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
        };
        if (fingerprint is not null)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = new CertificatePin(fingerprint).Accepts;
        }

        return handler;
    }

    /// <summary>From now on every request carries the credential.</summary>
    public void Authenticate(AgentId agent, string secret) =>
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", $"cta_{agent}.{secret}");

    /// <summary>Redeems a join token.</summary>
    public Task<ServerAnswer<JoinResponse>> JoinAsync(JoinRequest request, CancellationToken cancellationToken) =>
        SendAsync<JoinResponse>("join", Json(request), _patience, cancellationToken);

    /// <summary>Renews, and parks for orders when the poll says so.</summary>
    public async Task<ServerAnswer<AgentOrdersMessage>> PollAsync(AgentPoll poll, CancellationToken cancellationToken)
    {
        // A parked poll waits for nobody once another request has found its gateway gone.
        using var either = CancellationTokenSource.CreateLinkedTokenSource(poll.Wait > TimeSpan.Zero ? _gateways.Turned : default, cancellationToken);
        var answer = await SendAsync<AgentOrdersMessage>("poll", Json(poll), poll.Wait + _patience, either.Token, cancellationToken).ConfigureAwait(false);
        return answer with { Value = answer.Value is { } orders ? Wire.Complete(orders) : null };
    }

    /// <inheritdoc/>
    public Task<ServerAnswer<object>> ReportAsync(AttemptReport report, CancellationToken cancellationToken) =>
        SendAsync<object>("reports", Json(report), _patience, cancellationToken);

    /// <inheritdoc/>
    public Task<ServerAnswer<LogAck>> LogAsync(LeaseRef lease, long offset, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        var content = new ReadOnlyMemoryContent(bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } };
        var path = string.Create(CultureInfo.InvariantCulture, $"logs?attempt={Uri.EscapeDataString(lease.Attempt.ToString())}&offset={offset}&lease={lease.Lease}");
        return SendAsync<LogAck>(path, content, _patience, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _gateways.Dispose();
    }

    private static JsonContent Json<T>(T value) => JsonContent.Create(value, options: ContractJson.Options);

    private Task<ServerAnswer<T>> SendAsync<T>(string path, HttpContent content, TimeSpan patience, CancellationToken cancellationToken)
        where T : class => SendAsync<T>(path, content, patience, cancellationToken, cancellationToken);

    // Only the caller's own cancellation comes out; what else ends the exchange is a server that does not answer.
    private async Task<ServerAnswer<T>> SendAsync<T>(
        string path, HttpContent content, TimeSpan patience, CancellationToken cancellationToken, CancellationToken callers)
        where T : class
    {
        var gateway = _gateways.Current;
        var answer = await ExchangeAsync<T>(new Uri(gateway.Address, path), content, patience, cancellationToken, callers).ConfigureAwait(false);
        if (answer is { Verdict: Verdict.Away or Verdict.Insecure, IsPatient: false })
        {
            _gateways.Leave(gateway);
        }

        return answer;
    }

    private async Task<ServerAnswer<T>> ExchangeAsync<T>(
        Uri address, HttpContent content, TimeSpan patience, CancellationToken cancellationToken, CancellationToken callers)
        where T : class
    {
        using var timeout = new CancellationTokenSource(patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using (content)
        {
            try
            {
                using var request = Request(address, content);
                using var response = await _http.SendAsync(request, either.Token).ConfigureAwait(false);
                Learn(response);
                return await ReadAsync<T>(response, either.Token).ConfigureAwait(false);
            }
            // A handshake that merely broke off, as when the server restarts, is a broken connection like others.
            catch (HttpRequestException e) when (e.InnerException is AuthenticationException)
            {
                return new(Verdict.Insecure, null, e.InnerException.Message);
            }
            catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
            {
                return new(Verdict.Away, null, e.Message);
            }
            catch (OperationCanceledException) when (!callers.IsCancellationRequested)
            {
                var isTurned = cancellationToken.IsCancellationRequested;
                return new(Verdict.Away, null, isTurned ? "The gateway is gone." : $"No answer within {patience.TotalSeconds:0} s.", IsPatient: isTurned);
            }
        }
    }

    private HttpRequestMessage Request(Uri address, HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = content, Version = _http.DefaultRequestVersion, VersionPolicy = _http.DefaultVersionPolicy };
        if (_incarnation is { } known)
        {
            request.Headers.TryAddWithoutValidation(IncarnationHeader, known);
        }

        return request;
    }

    // Held on to: an agent that learns of another one has jobs of the first.
    private void Learn(HttpResponseMessage response)
    {
        if (_incarnation is null && response.Headers.TryGetValues(IncarnationHeader, out var values))
        {
            Interlocked.CompareExchange(ref _incarnation, values.First(), null);
        }
    }

    private static async Task<ServerAnswer<T>> ReadAsync<T>(HttpResponseMessage response, CancellationToken cancellationToken)
        where T : class
    {
        var isProblem = response.Content.Headers.ContentType?.MediaType == "application/problem+json";
        var verdict = response.StatusCode switch
        {
            _ when response.IsSuccessStatusCode => Verdict.Ok,
            HttpStatusCode.Conflict => Verdict.Conflict,
            HttpStatusCode.Gone => Verdict.Gone,
            HttpStatusCode.Unauthorized or HttpStatusCode.NotFound => isProblem ? Verdict.Removed : Verdict.Away,
            HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.MisdirectedRequest => Verdict.Away,
            >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError => Verdict.Refused,
            _ => Verdict.Away,
        };
        var body = await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        return verdict switch
        {
            Verdict.Ok => new(verdict, body.Length > 0 ? JsonSerializer.Deserialize<T>(body, ContractJson.Options) : null, ""),
            Verdict.Conflict when isProblem => new(verdict, JsonSerializer.Deserialize<T>(body, ContractJson.Options), Detail(response, body)),
            _ => new(verdict, null, isProblem ? Detail(response, body) : Status(response), response.StatusCode < HttpStatusCode.InternalServerError, isProblem ? Text(body, "code") ?? "" : ""),
        };
    }

    private static string Status(HttpResponseMessage response) => string.Create(CultureInfo.InvariantCulture, $"HTTP {(int)response.StatusCode}");

    private static string Detail(HttpResponseMessage response, byte[] body) =>
        Text(body, "detail") is { } detail ? $"{Status(response)}: {detail}" : Status(response);

    // A member of a problem; null when it has none of that name that is a text.
    private static string? Text(byte[] body, string name)
    {
        var problem = JsonSerializer.Deserialize<JsonElement>(body, ContractJson.Options);
        return problem.ValueKind == JsonValueKind.Object && problem.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
    }
}
