namespace Control.Runtime.Silo;

/// <summary>Where a silo is in its life.</summary>
internal enum SiloPhase
{
    /// <summary>Not started: no calls.</summary>
    New,

    /// <summary>Takes calls.</summary>
    Running,

    /// <summary>Ends its activations: calls among those that are left, and no new activations.</summary>
    Stopping,

    /// <summary>Ended: no calls.</summary>
    Stopped,
}
