namespace Control.Runtime.Activations;

/// <summary>A reference that names a grain without saying by which interface.</summary>
internal sealed class ActivationReference(GrainTarget target) : GrainProxy(target);
