using System.Diagnostics.CodeAnalysis;
using Orleans;
using Orleans.Metadata;
using Orleans.Runtime;

namespace Control.Silo.Hosting;

/// <summary>
/// Makes every activation pause once before any code of its grain runs. Orleans 10.4.2 starts an activation while holding
/// its lock (ActivationData.Start), and goes on under it until something is awaited that is not complete. Whoever sends a
/// message takes the receiver's lock. So two grains that call each other while both start, with all they await complete
/// already, block each other and whoever calls them for good. The pause makes the start let go of the lock.
/// </summary>
internal sealed class ActivationPause : IConfigureGrainContextProvider, IConfigureGrainContext
{
    private static readonly Observer Pause = new();

    public bool TryGetConfigurator(GrainType grainType, GrainProperties properties, [NotNullWhen(true)] out IConfigureGrainContext? configurator)
    {
        // Of the engine's own grains, those of many workers have no life cycle to join.
        var hasLifecycle = properties.Properties.GetValueOrDefault(WellKnownGrainTypeProperties.PlacementStrategy) != "StatelessWorkerPlacement";
        configurator = hasLifecycle ? this : null;
        return hasLifecycle;
    }

    public void Configure(IGrainContext context) =>
        context.ObservableLifecycle.Subscribe(nameof(ActivationPause), GrainLifecycleStage.First, Pause);

    private sealed class Observer : ILifecycleObserver
    {
        // The continuation is a turn of the grain's own.
        public async Task OnStart(CancellationToken cancellationToken = default) => await Task.Yield();

        public Task OnStop(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}
