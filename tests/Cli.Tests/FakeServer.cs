using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Control.Cli.Client;
using Control.Contracts;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Control.Cli.Tests;

/// <summary>A server that answers as a test tells it, on a port of its own.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeServer(WebApplication app, X509Certificate2? certificate)
    {
        _app = app;
        Certificate = certificate;
    }

    public X509Certificate2? Certificate { get; }

    public string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(Certificate!.RawData));

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<FakeServer> StartAsync(Action<WebApplication> map, bool https = false)
    {
        var certificate = https ? MakeCertificate() : null;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        builder.WebHost.UseKestrelHttpsConfiguration();
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        return new FakeServer(app, certificate);
    }

    public ControlClient Client(string? fingerprint = null, TimeSpan patience = default) => new(new ClientOptions
    {
        Server = Address,
        Token = "ctt_test.secret",
        Fingerprint = fingerprint,
        BackOff = TimeSpan.FromMilliseconds(1),
        Patience = patience,
    });

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Certificate?.Dispose();
    }

    public static IResult Json<T>(T value) => Results.Text(ContractJson.Write(value), "application/json");

    public static async Task SendEventAsync<T>(HttpContext http, string type, long id, T data)
    {
        if (!http.Response.HasStarted)
        {
            http.Response.ContentType = "text/event-stream";
        }

        await http.Response.WriteAsync($"event: {type}\nid: {id}\ndata: {ContractJson.Write(data)}\n\n");
        await http.Response.Body.FlushAsync();
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var from = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
        using var made = request.CreateSelfSigned(from, from.AddYears(100));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
