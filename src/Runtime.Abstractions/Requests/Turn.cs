namespace Control.Runtime;

/// <summary>Something that waits in an activation's mailbox; a link of the mailbox's list, so that queueing allocates nothing.</summary>
public abstract class Turn
{
    private protected Turn()
    {
    }

    internal Turn? Next { get; set; }

    /// <summary>How many links hung in the mailbox when this one was added, itself included.</summary>
    internal int Depth { get; set; }
}
