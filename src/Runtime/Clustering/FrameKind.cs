namespace Control.Runtime.Clustering;

/// <summary>What a frame between silos is. Numbers are on the wire.</summary>
internal enum FrameKind : byte
{
    /// <summary>The first frame of either end: who it is.</summary>
    Hello = 1,

    /// <summary>A call.</summary>
    Request = 2,

    /// <summary>A call's outcome.</summary>
    Answer = 3,

    /// <summary>Nobody waits for the call's outcome any more.</summary>
    Cancel = 4,

    /// <summary>Grains that the sender still has and the receiver will have, at a version of the view.</summary>
    Moving = 5,

    /// <summary>Those that the sender has no longer.</summary>
    Moved = 6,

    /// <summary>The sender's calls go by that version of the view, in which the receiver leaves.</summary>
    Seen = 7,
}

/// <summary>How a call ended. Numbers are on the wire.</summary>
internal enum AnswerKind : byte
{
    /// <summary>With a result.</summary>
    Result = 1,

    /// <summary>With a fault.</summary>
    Fault = 2,

    /// <summary>Cancelled.</summary>
    Cancelled = 3,

    /// <summary>Not begun: the grain lives elsewhere by the callee's view.</summary>
    Misplaced = 4,
}
