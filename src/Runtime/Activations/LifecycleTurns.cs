using Orleans;

namespace Control.Runtime.Activations;

/// <summary>Asks an activation to end.</summary>
internal sealed class EndTurn(DeactivationReason reason, CancellationToken cut, bool onlyIfIdle) : Turn
{
    public DeactivationReason Reason => reason;

    public CancellationToken Cut => cut;

    public bool OnlyIfIdle => onlyIfIdle;
}

/// <summary>Cancels the callee's token of a call, within the callee's turns.</summary>
internal sealed class CancelTurn(GrainRequest request) : Turn
{
    public GrainRequest Request => request;
}
