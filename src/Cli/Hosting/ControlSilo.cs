using System.Net;
using System.Security.Cryptography.X509Certificates;
using Control.Api.Http;
using Control.Contracts.Errors;
using Control.Silo.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Control.Cli.Hosting;

/// <summary>A silo without a gateway: it joins the cluster of the server that made the data folder.</summary>
public sealed class ControlSilo : IAsyncDisposable
{
    private readonly IHost _host;
    private readonly X509Certificate2 _certificate;
    private readonly SiloHealth? _health;
    private bool _isStarting;
    private bool _isRunning;

    private ControlSilo(IHost host, X509Certificate2 certificate, SiloHealth? health) => (_host, _certificate, _health) = (host, certificate, health);

    /// <summary>Its services.</summary>
    internal IServiceProvider Services => _host.Services;

    /// <summary>Starts it; when it returns, it has joined.</summary>
    /// <param name="dataDirectory">The server's data folder, on this machine.</param>
    /// <param name="cluster">The cluster to join.</param>
    /// <param name="database">The server's database; null for SQLite in the folder.</param>
    /// <param name="logLevel">Log lines at least this severe are written.</param>
    /// <param name="health">Where probes are answered, over plain HTTP; null for nowhere.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    /// <exception cref="ControlException"><c>no-server</c>: the folder is not that of a server in a cluster; or it cannot start for another reason that the message names.</exception>
    public static async Task<ControlSilo> StartAsync(
        string dataDirectory,
        ClusterOptions cluster,
        DatabaseOptions? database = null,
        LogLevel logLevel = LogLevel.Warning,
        IPEndPoint? health = null,
        CancellationToken cancellationToken = default)
    {
        if (!ServerCertificate.ExistsForSilos(dataDirectory))
        {
            throw DataFolder.NoServer(dataDirectory);
        }

        var certificate = ServerCertificate.LoadOrCreateForSilos(dataDirectory, TimeProvider.System);
        var joined = cluster.With(certificate);
        var host = Build(dataDirectory, joined, database, logLevel);
        var silo = new ControlSilo(host, certificate, health is null ? null : new SiloHealth(health, host.Services));
        try
        {
            if (silo._health is not null) await silo._health.StartAsync(cancellationToken);
            // A host whose services cannot be made, as without the database, fails at being stopped, too, and that would be all anybody saw.
            _ = silo.Services.GetServices<IHostedService>();
            await ClockWatch.CheckAsync(silo.Services, cancellationToken);
            SiloStart.CheckAddress(joined);
            silo._isStarting = true;
            await silo._host.StartAsync(cancellationToken);
            silo._isRunning = true;
            silo._health?.HasJoined();
            return silo;
        }
        catch (Exception fault)
        {
            await silo.DisposeAsync();
            if (SiloStart.Explain(fault, joined) is { } told) throw told;
            throw;
        }
    }

    /// <summary>Returns when cancelled, or when the silo fails. Stops nothing: disposing does.</summary>
    public async Task WaitForShutdownAsync(CancellationToken cancellationToken)
    {
        var lifetime = _host.Services.GetRequiredService<IHostApplicationLifetime>();
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Hands its grains over and leaves the cluster.</summary>
    public async ValueTask DisposeAsync()
    {
        _health?.Leaves();
        if (_isStarting)
        {
            try
            {
                await _host.StopAsync();
            }
            catch (Exception) when (!_isRunning)
            {
                // Orleans cannot stop what is not running; why it is not is what is thrown.
            }
        }

        if (_host is IAsyncDisposable disposable)
        {
            await disposable.DisposeAsync();
        }

        if (_health is not null) await _health.DisposeAsync();
        _certificate.Dispose();
    }

    private static IHost Build(string dataDirectory, SiloCluster cluster, DatabaseOptions? database, LogLevel logLevel)
    {
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.SetMinimumLevel(logLevel).AddFilter("Microsoft", LogLevel.Warning).AddSimpleConsole(console => console.SingleLine = true);
        builder.Services.AddSingleton<IHostLifetime, CallersLifetime>().AddSingleton(TimeProvider.System).AddHostedService<ClockWatch>();
        var silo = cluster with { IsFollowed = false };
        builder.Services.AddControlSilo(storage => (storage.DataDirectory, storage.Database) = (dataDirectory, database?.Connection), silo);
        builder.Services.AddTelemetry();
        return builder.Build();
    }
}
