namespace Control.Runtime;

/// <summary>Takes calls to another silo.</summary>
internal interface IRequestCarrier
{
    /// <summary>Nobody waits for the answer any more: forgets the call and tells the callee.</summary>
    void Cancel(GrainRequest request);
}
