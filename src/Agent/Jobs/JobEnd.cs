namespace Control.Agent.Jobs;

/// <summary>Why a job is ended before it ends by itself. The first cause counts; only <see cref="Forgotten"/> overrides.</summary>
internal enum JobEnd
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>The server ordered it, or the agent is shutting down.</summary>
    Stopped,

    /// <summary>The attempt's time ran out.</summary>
    TimedOut,

    /// <summary>It wrote more log than allowed.</summary>
    LogLimit,

    /// <summary>Its log could not be kept.</summary>
    LogFailed,

    /// <summary>The agent has been out of touch for nearly as long as the job allows.</summary>
    OutOfTouch,

    /// <summary>The lease is void: nothing is reported.</summary>
    Forgotten,
}
