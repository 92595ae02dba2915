using Control.Runtime.Activations;

namespace Control.Runtime.Silo;

/// <summary>An activation's place in the list of those that may be idle at the same time.</summary>
internal struct IdleSlot
{
    public Activation? Previous;
    public Activation? Next;
    public IdleBucket? Bucket;
}

/// <summary>The activations that may be idle at one time.</summary>
internal sealed class IdleBucket
{
    public Activation? First { get; set; }
}
