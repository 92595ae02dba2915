using Control.TestKit;
using Control.TestKit.Silos;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Control.Runtime.Tests.Grains;

/// <summary>A silo of its own for each test, on a clock that stands still.</summary>
public abstract class RuntimeTest : IAsyncLifetime
{
    internal static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private TestSilo? _silo;

    protected Gates Gates { get; } = new();

    protected ManualClock Clock { get; } = new();

    protected TestSilo Silo => _silo!;

    public async Task InitializeAsync() => _silo = await StartAsync(Options);

    protected virtual TestSiloOptions Options => new() { Grains = typeof(RuntimeTest).Assembly, Clock = Clock };

    protected Task<TestSilo> StartAsync(TestSiloOptions options) => TestSilo.StartAsync(options, services =>
    {
        services.AddSingleton(Gates);
        Configure(services);
    });

    public async Task DisposeAsync()
    {
        Gates.OpenAll();
        await Silo.DisposeAsync();
    }

    protected virtual void Configure(IServiceCollection services)
    {
    }

    protected TGrain Grain<TGrain>(string key = "one")
        where TGrain : IGrainWithStringKey => Silo.Grains.GetGrain<TGrain>(key);
}
