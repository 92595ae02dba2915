namespace Orleans.Runtime;

/// <summary>One activation: a grain's instance in memory, its turns and its end.</summary>
public interface IGrainContext : IEquatable<IGrainContext>
{
    /// <summary>A reference to the grain.</summary>
    GrainReference GrainReference { get; }

    /// <summary>The grain's id.</summary>
    GrainId GrainId { get; }

    /// <summary>The grain class's instance, null before it is constructed.</summary>
    object? GrainInstance { get; }

    /// <summary>The services of the silo.</summary>
    IServiceProvider ActivationServices { get; }

    /// <summary>Completes when the activation has ended.</summary>
    Task Deactivated { get; }

    /// <summary>Ends the activation when the running requests are done; later calls go to a fresh one.</summary>
    /// <param name="deactivationReason">Given to OnDeactivateAsync.</param>
    /// <param name="cancellationToken">Cuts OnDeactivateAsync short.</param>
    void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default);
}
