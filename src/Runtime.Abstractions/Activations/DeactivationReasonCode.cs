namespace Orleans;

/// <summary>Why an activation ends.</summary>
public enum DeactivationReasonCode : byte
{
    /// <summary>Not said.</summary>
    None = 0,

    /// <summary>The silo stops.</summary>
    ShuttingDown = 1,

    /// <summary>The grain's constructor or its OnActivateAsync failed.</summary>
    ActivationFailed = 2,

    /// <summary>The grain's place could not be recorded.</summary>
    DirectoryFailure = 3,

    /// <summary>No request for longer than the idle age.</summary>
    ActivationIdle = 4,

    /// <summary>Requests are stuck.</summary>
    ActivationUnresponsive = 5,

    /// <summary>Another activation of the grain is the right one.</summary>
    DuplicateActivation = 6,

    /// <summary>A request of an incompatible version came.</summary>
    IncompatibleRequest = 7,

    /// <summary>A fault in the grain, such as a commit against a stale version.</summary>
    ApplicationError = 8,

    /// <summary>The grain asked for it.</summary>
    ApplicationRequested = 9,

    /// <summary>The grain moves to another silo.</summary>
    Migrating = 10,

    /// <summary>The runtime asked for it.</summary>
    RuntimeRequested = 11,

    /// <summary>Memory ran short.</summary>
    HighMemoryPressure = 12,
}
