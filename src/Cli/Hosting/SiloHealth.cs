using System.Net;
using Control.Api.Http;
using Control.Contracts.Scheduling;
using Control.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Control.Cli.Hosting;

/// <summary>
/// Answers the probes of a silo, which has no gateway to do it. That its port for other silos is open would not do: it opens
/// before the silo has joined, and a rolling update that went on by it would take away the last silo that works.
/// </summary>
internal sealed class SiloHealth : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly IServiceProvider _silo;
    private readonly Lock _checking = new();
    private Task<Health> _check = Task.FromResult(Health.Ok);
    private volatile string? _awayAs = "joining";

    public SiloHealth(IPEndPoint listen, IServiceProvider silo)
    {
        _silo = silo;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(silo.GetRequiredService<ILoggerFactory>()).AddSingleton<IHostLifetime, CallersLifetime>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // Whoever may come here needs no credential: probes are short, few and without a body.
            kestrel.Limits.MaxConcurrentConnections = 32;
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.Limits.MaxRequestHeadersTotalSize = 4096;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(5);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(30);
            kestrel.AddServerHeader = false;
            kestrel.Listen(listen);
        });
        _app = builder.Build();
        _app.MapGet("/healthz", () => Answer(Health.Ok));
        _app.MapGet("/readyz", async () => Answer(await CheckAsync()));
    }

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_app.Urls.First());

    /// <summary>Listens. The silo counts as joining.</summary>
    public Task StartAsync(CancellationToken cancellationToken) => _app.StartAsync(cancellationToken);

    /// <summary>From now on its parts decide.</summary>
    public void HasJoined() => _awayAs = null;

    /// <summary>From now on it is not ready, whatever its parts say.</summary>
    public void Leaves() => _awayAs = "leaving";

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static IResult Answer(Health health) => Results.Json(health, statusCode: health.StatusCode);

    // However many ask, one check is under way.
    private Task<Health> CheckAsync()
    {
        if (_awayAs is { } reason) return Task.FromResult(Health.Without(reason));
        lock (_checking) return _check.IsCompleted ? _check = TryAllAsync() : _check;
    }

    private async Task<Health> TryAllAsync()
    {
        var readiness = new Readiness(TimeProvider.System, _silo.GetRequiredService<ILoggerFactory>().CreateLogger<Readiness>());
        await readiness.TryAsync("storage", _silo.GetRequiredService<ControlStore>().ProbeAsync);
        await readiness.TryAsync("grains", () => _silo.GetRequiredService<IGrainFactory>().GetGrain<ISchedulerGrain>("0").Poke());
        return readiness.Health;
    }
}
