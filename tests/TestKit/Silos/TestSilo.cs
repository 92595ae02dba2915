using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;

namespace Control.TestKit.Silos;

/// <summary>A silo in a test's process, with a host of its own, on the engine that this build has.</summary>
public sealed class TestSilo : IAsyncDisposable
{
    private readonly IHost _host;

    private TestSilo(IHost host) => _host = host;

    /// <summary>The engine of this build: <c>embedded</c> or <c>orleans</c>.</summary>
    public static string Engine => TestEngine.Name;

    /// <summary>The silo's services.</summary>
    public IServiceProvider Services => _host.Services;

    /// <summary>Makes references to the silo's grains.</summary>
    public IGrainFactory Grains => _host.Services.GetRequiredService<IGrainFactory>();

    /// <summary>Starts a silo.</summary>
    /// <param name="options">How it runs grains.</param>
    /// <param name="configure">Adds what the grains need.</param>
    public static async Task<TestSilo> StartAsync(TestSiloOptions options, Action<IServiceCollection> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        configure(builder.Services);
        TestEngine.AddTo(builder.Services, options);
        var silo = new TestSilo(builder.Build());
        await silo._host.StartAsync().ConfigureAwait(false);
        return silo;
    }

    /// <summary>Waits until the silos of one cluster know each other.</summary>
    public static Task TogetherAsync(IEnumerable<TestSilo> silos) => TestEngine.TogetherAsync(silos.Select(silo => silo.Services));

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
