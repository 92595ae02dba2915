namespace Control.Chaos.History;

/// <summary>What a history shows to be wrong.</summary>
internal enum Wrong
{
    /// <summary>A run that somebody was given the id of, or that is there, never came to an end, or an attempt did not.</summary>
    Lost = 1,

    /// <summary>A job began twice in one attempt, or one start made two runs.</summary>
    Duplicated,

    /// <summary>More were in a concurrency group than it allows.</summary>
    DoubleLock,

    /// <summary>A state that is final was followed by another.</summary>
    Reversed,

    /// <summary>A log is not what was acknowledged, or not all there.</summary>
    LogBytes,

    /// <summary>A follower missed an event or got one twice, or two followers got different ones under one number.</summary>
    Events,
}

/// <summary>One finding, for people.</summary>
internal sealed record Finding(Wrong Wrong, string Text);
