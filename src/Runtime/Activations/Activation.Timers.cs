using Orleans.Runtime;

namespace Control.Runtime.Activations;

internal sealed partial class Activation
{
    // Few grains have timers: null until the first one.
    private List<GrainTimer>? _timers;

    public IGrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        var timer = new GrainTimer(this, callback, options, _silo.Options.Clock);
        lock (_scheduler) (_timers ??= []).Add(timer);
        timer.Change(options.DueTime, options.Period);
        return timer;
    }

    public void Forget(GrainTimer timer)
    {
        lock (_scheduler) _timers?.Remove(timer);
    }

    private async Task TickAsync(GrainTimer timer, CallMixing mixing)
    {
        try
        {
            await timer.TickAsync();
        }
        catch (Exception fault)
        {
            LogTimerFailed(_silo.Log, GrainId, fault);
        }

        timer.Rearm();
        Ended(mixing, isUse: timer.KeepsAlive);
        GoOn();
    }

    private void StopTimers()
    {
        GrainTimer[] timers;
        lock (_scheduler) timers = _timers?.ToArray() ?? [];
        foreach (var timer in timers) timer.Dispose();
    }
}
