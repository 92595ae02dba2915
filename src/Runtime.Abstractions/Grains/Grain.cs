using Control.Runtime;
using Orleans.Runtime;

namespace Orleans;

/// <summary>The base of grain classes.</summary>
public abstract class Grain : IGrainBase, IAddressable
{
    /// <summary>Takes the activation that is constructing the instance.</summary>
    protected Grain() => GrainContext = ConstructionScope.Current!;

    /// <summary>The activation that holds the instance.</summary>
    public IGrainContext GrainContext { get; }

    /// <summary>A reference to this grain, to hand to others.</summary>
    public GrainReference GrainReference => GrainContext.GrainReference;

    /// <summary>The grain's id as text.</summary>
    public string IdentityString => GrainContext.GrainId.ToString();

    /// <summary>Makes references to other grains.</summary>
    protected IGrainFactory GrainFactory => (IGrainFactory)ServiceProvider.GetService(typeof(IGrainFactory))!;

    /// <summary>The services of the silo.</summary>
    protected internal IServiceProvider ServiceProvider => GrainContext.ActivationServices;

    /// <summary>Ends the activation when the running requests are done; later calls go to a fresh one.</summary>
    protected void DeactivateOnIdle() => GrainContext.Deactivate(
        new DeactivationReason(DeactivationReasonCode.ApplicationRequested, $"{nameof(DeactivateOnIdle)} was called."));

    /// <summary>Keeps the idle collector away.</summary>
    /// <param name="timeSpan">From now; zero or less allows collection again.</param>
    protected void DelayDeactivation(TimeSpan timeSpan) => ((IGrainActivation)GrainContext).DelayDeactivation(timeSpan);

    /// <summary>Runs before the first request.</summary>
    public virtual Task OnActivateAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Runs after the last request, unless the process dies first.</summary>
    public virtual Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;
}
