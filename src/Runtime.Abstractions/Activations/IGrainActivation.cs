using Orleans.Runtime;

namespace Control.Runtime;

/// <summary>What <see cref="Orleans.Grain"/> asks of the activation beyond <see cref="IGrainContext"/>.</summary>
internal interface IGrainActivation : IGrainContext
{
    /// <summary>Keeps the idle collector away for a time from now.</summary>
    void DelayDeactivation(TimeSpan timeSpan);

    /// <summary>Starts a timer that ends with the activation.</summary>
    IGrainTimer RegisterTimer(Func<CancellationToken, Task> callback, GrainTimerCreationOptions options);
}
