using Orleans.Runtime;

namespace Orleans;

/// <summary>What the runtime knows of a grain class.</summary>
public interface IGrainBase
{
    /// <summary>The activation that holds the instance.</summary>
    IGrainContext GrainContext { get; }

    /// <summary>Runs before the first request. When it fails, waiting callers get the fault and the next call tries again.</summary>
    /// <param name="token">Ends when the activation takes too long or the silo stops.</param>
    Task OnActivateAsync(CancellationToken token) => Task.CompletedTask;

    /// <summary>Runs after the last request, unless the process dies first.</summary>
    /// <param name="reason">Why the activation ends.</param>
    /// <param name="token">Ends when the deactivation takes too long.</param>
    Task OnDeactivateAsync(DeactivationReason reason, CancellationToken token) => Task.CompletedTask;
}
