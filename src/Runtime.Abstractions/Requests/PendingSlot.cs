namespace Control.Runtime;

/// <summary>A call's place in the list of calls that wait for an answer.</summary>
internal struct PendingSlot
{
    public GrainRequest? Previous;
    public GrainRequest? Next;
    public object? List;
    public long Due;
}
