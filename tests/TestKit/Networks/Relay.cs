using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Control.TestKit.Networks;

/// <summary>One exchange between an agent and the server, seen twice: when the agent asked, and when the server answered.</summary>
/// <param name="What">The last part of the route: <c>poll</c>, <c>reports</c>, <c>logs</c>, <c>join</c>.</param>
/// <param name="Query">As the agent sent it.</param>
/// <param name="Asked">The request's body.</param>
/// <param name="Status">The server's; null before it has answered.</param>
/// <param name="Answered">The answer's body; empty before.</param>
internal sealed record Exchange(string What, IQueryCollection Query, byte[] Asked, int? Status, byte[] Answered)
{
    public bool IsAnswered => Status is not null;

    public string AskedText => Encoding.UTF8.GetString(Asked);
}

/// <summary>Stands between agents and the server, with a certificate of its own: a test sees each exchange and may break it off.</summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http;

    private Relay(WebApplication app, HttpClient http, string fingerprint) => (_app, _http, Fingerprint) = (app, http, fingerprint);

    /// <summary>Of the certificate, for join tokens.</summary>
    public string Fingerprint { get; }

    public int Port => new Uri(_app.Urls.First()).Port;

    /// <summary>Told of each exchange before the server has it, and again before the agent has the answer; false breaks it off there.</summary>
    public Func<Exchange, Task<bool>> Passes { get; set; } = _ => Task.FromResult(true);

    public static async Task<Relay> Start(int serverPort, string serverFingerprint)
    {
        var (certificate, fingerprint) = CreateCertificate();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var app = builder.Build();
        var handler = new HttpClientHandler
        {
            ServerCertificateCustomValidationCallback = (_, seen, _, _) => seen is not null && Convert.ToHexStringLower(SHA256.HashData(seen.RawData)) == serverFingerprint,
        };
        var http = new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{serverPort}"), Timeout = Timeout.InfiniteTimeSpan };
        var relay = new Relay(app, http, fingerprint);
        app.Run(relay.Pass);
        await app.StartAsync();
        return relay;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private static (X509Certificate2 Certificate, string Fingerprint) CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=relay", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return (certificate, Convert.ToHexStringLower(SHA256.HashData(certificate.RawData)));
    }

    private async Task Pass(HttpContext context)
    {
        try
        {
            await PassOn(context);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or BadHttpRequestException)
        {
            // One of the two is gone: so is the exchange.
            context.Abort();
        }
    }

    private async Task PassOn(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var exchange = new Exchange(context.Request.Path.Value!.Split('/')[^1], context.Request.Query, body.ToArray(), null, []);
        if (!await Passes(exchange))
        {
            context.Abort();
            return;
        }

        using var answer = await _http.SendAsync(Request(context.Request, exchange.Asked), context.RequestAborted);
        var bytes = await answer.Content.ReadAsByteArrayAsync(context.RequestAborted);
        if (!await Passes(exchange with { Status = (int)answer.StatusCode, Answered = bytes }))
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        if (bytes.Length > 0)
        {
            await context.Response.Body.WriteAsync(bytes, context.RequestAborted);
        }
    }

    private static HttpRequestMessage Request(HttpRequest from, byte[] body)
    {
        var request = new HttpRequestMessage(new HttpMethod(from.Method), $"{from.Path}{from.QueryString}") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = from.ContentType is { } type ? MediaTypeHeaderValue.Parse(type) : null;
        request.Headers.TryAddWithoutValidation("Authorization", (string?)from.Headers.Authorization);
        return request;
    }
}
