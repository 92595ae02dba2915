using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Control.Agent;
using Control.Agent.Processes;
using Control.Api;
using Control.Api.Http;
using Control.Engine.Pipelines;
using Control.Silo.Hosting;
using Control.Storage;
using Control.Storage.Idempotency;
using Control.Storage.Queries;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Control.Cli.Hosting;

/// <summary>
/// Everything in one process: silo, gateway and, if wanted, an agent, on embedded storage or PostgreSQL. Or a gateway alone,
/// before the silos of a cluster.
/// </summary>
public sealed class ControlServer : IAsyncDisposable
{
    /// <summary>Where administrators look into silos and grains, on engines that have a page for it.</summary>
    internal const string Dashboard = "/dashboard";

    private readonly WebApplication _app;
    private readonly DataFolder _folder;
    private readonly X509Certificate2 _certificate;
    private AgentHost? _agent;
    private bool _isStarting;
    private bool _isRunning;

    private ControlServer(WebApplication app, DataFolder folder, X509Certificate2 certificate) =>
        (_app, _folder, _certificate) = (app, folder, certificate);

    /// <summary>Its services.</summary>
    internal IServiceProvider Services => _app.Services;

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>SHA-256 of its certificate, lower-case hex.</summary>
    public string Fingerprint => ServerCertificate.Fingerprint(_certificate);

    /// <summary>The file with the admin token, mode 0600.</summary>
    public string AdminTokenFile => DataFolder.AdminTokenFile(_folder.Path);

    /// <summary>True when this start made the admin token.</summary>
    public bool IsFirstStart { get; private set; }

    /// <summary>Starts everything; when it returns, requests are answered and the agent has joined.</summary>
    /// <exception cref="Control.Contracts.Errors.ControlException">It cannot start; the message names the cure.</exception>
    public static async Task<ControlServer> StartAsync(ServerOptions options, CancellationToken cancellationToken = default)
    {
        options = options.Checked();
        var folder = options.IsGateway ? DataFolder.Share(options.DataDirectory) : DataFolder.Open(options.DataDirectory);
        var certificate = ServerCertificate.LoadOrCreate(options.DataDirectory, options.Time, options.Names);
        var cluster = options.Cluster?.With(ServerCertificate.LoadOrCreateForSilos(options.DataDirectory, options.Time));
        var server = new ControlServer(Build(options, cluster, certificate), folder, certificate);
        try
        {
            await server.StartAsyncCore(options, cluster, cancellationToken);
            return server;
        }
        catch (Exception fault)
        {
            await server.DisposeAsync();
            if (cluster is not null && SiloStart.Explain(fault, cluster) is { } told) throw told;
            throw;
        }
    }

    /// <summary>Returns when cancelled, or when the server fails. Stops nothing: disposing does, in the right order.</summary>
    public async Task WaitForShutdownAsync(CancellationToken cancellationToken)
    {
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var cancelled = cancellationToken.Register(() => told.TrySetResult());
        await using var failed = _app.Lifetime.ApplicationStopping.Register(() => told.TrySetResult());
        await told.Task;
    }

    /// <summary>Stops the agent first, so that its last reports still find the gateway.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_agent is not null)
        {
            await _agent.StopAsync(CancellationToken.None);
            _agent.Dispose();
        }

        if (_isStarting)
        {
            try
            {
                await _app.StopAsync();
            }
            catch (Exception) when (!_isRunning)
            {
                // Orleans cannot stop what is not running; why it is not is what is thrown.
            }
        }

        await _app.DisposeAsync();
        _certificate.Dispose();
        _folder.Dispose();
    }

    private static WebApplication Build(ServerOptions options, SiloCluster? cluster, X509Certificate2 certificate)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(options.LogLevel).AddFilter("Microsoft", LogLevel.Warning)
            // It comes with the authentication of requests, and nothing here uses its keys.
            .AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error).AddSimpleConsole(console => console.SingleLine = true);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            ControlApi.ConfigureKestrel(kestrel);
            kestrel.Listen(options.Listen, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(certificate);
            });
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Services.AddSingleton<IHostLifetime, CallersLifetime>();
        builder.Services.AddSingleton(options.Time).AddHostedService<ClockWatch>();
        AddGrains(builder.Services, options, cluster);
        builder.Services.AddControlQueries();
        builder.Services.AddControlApi(api =>
        {
            api.CertificateFingerprint = ServerCertificate.Fingerprint(certificate);
            api.LintPipeline = text => PipelineParser.Parse(text).Errors;
            api.PipelineSchema = PipelineSchema.Json;
        });
        builder.Services.AddTelemetry();
        var app = builder.Build().MapControlApi();
        app.MapSiloDashboard(Dashboard)?.ForAdministrators();
        return app;
    }

    private static void AddGrains(IServiceCollection services, ServerOptions options, SiloCluster? cluster)
    {
        if (options.IsGateway)
        {
            services.AddControlGuest(Storage, cluster!);
        }
        else
        {
            services.AddControlSilo(Storage, cluster);
        }

        void Storage(StorageOptions storage) =>
            (storage.DataDirectory, storage.Database, storage.Place) = (options.DataDirectory, options.Database?.Connection, Place(options));
    }

    // A gateway is known by where it listens, as several may share a folder; a server has its folder to itself.
    private static string Place(ServerOptions options) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        $"{Environment.MachineName}\n{options.DataDirectory}\n{(options.IsGateway ? options.Listen : null)}")))[..16];

    private async Task StartAsyncCore(ServerOptions options, SiloCluster? cluster, CancellationToken cancellationToken)
    {
        var began = options.Time.GetUtcNow();
        // A host whose services cannot be made, as without the database, fails at being stopped, too, and that would be all anybody saw.
        _ = _app.Services.GetServices<IHostedService>();
        await ClockWatch.CheckAsync(_app.Services, cancellationToken);
        if (cluster is not null) SiloStart.CheckAddress(cluster);
        _isStarting = true;
        await _app.StartAsync(cancellationToken);
        _isRunning = true;
        // What the process before it in this place was asked and did not answer is asked again.
        await _app.Services.GetRequiredService<IdempotencyStore>().AbandonAllAsync(began, cancellationToken);
        if (options.IsGateway)
        {
            return;
        }

        var grains = _app.Services.GetRequiredService<IGrainFactory>();
        IsFirstStart = await FirstStart.EnsureAdminToken(grains, options);
        if (options.Seed && IsFirstStart)
        {
            await FirstStart.Seed(grains);
        }

        if (options.AgentCapacity > 0)
        {
            _agent = await StartAgent(grains, options, cancellationToken);
        }
    }

    private async Task<AgentHost> StartAgent(IGrainFactory grains, ServerOptions options, CancellationToken cancellationToken)
    {
        var state = Path.Combine(options.DataDirectory, "agent");
        var agent = new AgentHost(
            new AgentOptions
            {
                Server = LoopbackAddress(),
                StateDirectory = state,
                JoinToken = await FirstStart.InsideJoinToken(grains, options, state, Fingerprint),
                Name = "inside",
                Labels = options.AgentLabels,
                Capacity = options.AgentCapacity,
                WorkDirectory = options.AgentWorkDirectory,
                JobUsers = options.AgentJobUsers,
                ReaperCommand = options.AgentReaperProgram is { } program ? [program, ReaperProcess.Verb] : null,
            },
            options.Time,
            _app.Services.GetRequiredService<ILoggerFactory>());
        await agent.StartAsync(cancellationToken);
        await agent.Joined.WaitAsync(cancellationToken);
        return agent;
    }

    // A server on all addresses is reached by its own agent on loopback.
    private Uri LoopbackAddress()
    {
        var builder = new UriBuilder(Address);
        if (builder.Host is "0.0.0.0" or "[::]")
        {
            builder.Host = "127.0.0.1";
        }

        return builder.Uri;
    }
}
