namespace Control.Runtime.Activations;

/// <summary>Where an activation is in its life. Changed by its turns only.</summary>
internal enum ActivationState
{
    /// <summary>Made, with no turn run.</summary>
    New,

    /// <summary>Constructing the instance and awaiting OnActivateAsync; requests wait.</summary>
    Activating,

    /// <summary>Takes requests.</summary>
    Active,

    /// <summary>Awaiting OnDeactivateAsync; requests wait for the next activation.</summary>
    Deactivating,

    /// <summary>Ended; requests go to the next activation.</summary>
    Dead,
}
