using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;

namespace Control.Runtime.Hosting;

/// <summary>A silo in a test's process, with a host of its own.</summary>
public sealed class TestSilo : IAsyncDisposable
{
    private readonly IHost _host;

    private TestSilo(IHost host) => _host = host;

    /// <summary>The silo's services.</summary>
    public IServiceProvider Services => _host.Services;

    /// <summary>Makes references to the silo's grains.</summary>
    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Starts a silo.</summary>
    /// <param name="configure">Calls <see cref="GrainRuntimeServices.AddGrainRuntime"/> and adds what the grains need.</param>
    public static async Task<TestSilo> StartAsync(Action<IServiceCollection> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        configure(builder.Services);
        var silo = new TestSilo(builder.Build());
        await silo._host.StartAsync().ConfigureAwait(false);
        return silo;
    }

    /// <summary>Ends the grains and the host.</summary>
    /// <param name="cut">Ends the wait for grains that do not end.</param>
    public Task StopAsync(CancellationToken cut = default) => _host.StopAsync(cut);

    /// <summary>Stops the silo if it still runs, and disposes its services.</summary>
    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync().ConfigureAwait(false);
        if (_host is IAsyncDisposable disposable) await disposable.DisposeAsync().ConfigureAwait(false);
    }
}
