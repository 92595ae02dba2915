namespace Control.Runtime;

/// <summary>The two ends of a call's cancellation: the caller's token, and the callee's own source that follows it.</summary>
internal sealed class CallCancellation
{
    /// <summary>The caller's registration, disposed with the answer.</summary>
    public CancellationTokenRegistration Registration { get; set; }

    /// <summary>What the callee's token hangs on. Cancelled within the callee's turns, where its callbacks may touch the grain.</summary>
    public CancellationTokenSource Callee { get; } = new();
}
