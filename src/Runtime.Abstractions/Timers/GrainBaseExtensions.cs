using Control.Runtime;
using Orleans.Runtime;

namespace Orleans;

/// <summary>What a grain class asks of its activation.</summary>
public static class GrainBaseExtensions
{
    /// <summary>Ends the activation when the running requests are done; later calls go to a fresh one.</summary>
    public static void DeactivateOnIdle(this IGrainBase grain) => grain.GrainContext.Deactivate(
        new DeactivationReason(DeactivationReasonCode.ApplicationRequested, $"{nameof(DeactivateOnIdle)} was called."));

    /// <summary>Starts a timer whose token ends when the timer is disposed. A failing tick is logged, the next one comes all the same.</summary>
    public static IGrainTimer RegisterGrainTimer<TState>(
        this IGrainBase grain, Func<TState, CancellationToken, Task> callback, TState state, GrainTimerCreationOptions options)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return ((IGrainActivation)grain.GrainContext).RegisterTimer(token => callback(state, token), options);
    }

    /// <summary>Starts a timer whose token ends when the timer is disposed. A failing tick is logged, the next one comes all the same.</summary>
    public static IGrainTimer RegisterGrainTimer(
        this IGrainBase grain, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return ((IGrainActivation)grain.GrainContext).RegisterTimer(callback, options);
    }

    /// <summary>Starts a timer. A failing tick is logged, the next one comes all the same.</summary>
    public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<Task> callback, GrainTimerCreationOptions options)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return ((IGrainActivation)grain.GrainContext).RegisterTimer(_ => callback(), options);
    }

    /// <summary>Starts a timer. A failing tick is logged, the next one comes all the same.</summary>
    public static IGrainTimer RegisterGrainTimer<TState>(
        this IGrainBase grain, Func<TState, Task> callback, TState state, GrainTimerCreationOptions options)
    {
        ArgumentNullException.ThrowIfNull(callback);
        return ((IGrainActivation)grain.GrainContext).RegisterTimer(_ => callback(state), options);
    }

    /// <summary>Starts a timer whose ticks wait their turn like requests.</summary>
    public static IGrainTimer RegisterGrainTimer(this IGrainBase grain, Func<Task> callback, TimeSpan dueTime, TimeSpan period) =>
        grain.RegisterGrainTimer(callback, new GrainTimerCreationOptions(dueTime, period));

    /// <summary>Starts a timer whose ticks wait their turn like requests.</summary>
    public static IGrainTimer RegisterGrainTimer(
        this IGrainBase grain, Func<CancellationToken, Task> callback, TimeSpan dueTime, TimeSpan period) =>
        grain.RegisterGrainTimer(callback, new GrainTimerCreationOptions(dueTime, period));

    /// <summary>Starts a timer whose ticks wait their turn like requests.</summary>
    public static IGrainTimer RegisterGrainTimer<TState>(
        this IGrainBase grain, Func<TState, Task> callback, TState state, TimeSpan dueTime, TimeSpan period) =>
        grain.RegisterGrainTimer(callback, state, new GrainTimerCreationOptions(dueTime, period));

    /// <summary>Starts a timer whose ticks wait their turn like requests.</summary>
    public static IGrainTimer RegisterGrainTimer<TState>(
        this IGrainBase grain, Func<TState, CancellationToken, Task> callback, TState state, TimeSpan dueTime, TimeSpan period) =>
        grain.RegisterGrainTimer(callback, state, new GrainTimerCreationOptions(dueTime, period));
}
