using Control.Contracts.Runs;

namespace Control.Chaos.History;

/// <summary>Something that somebody outside the servers saw, at that time by the recorder's clock. What counts is when it was certain: a start after it happened, an end before.</summary>
internal abstract record Seen(DateTimeOffset At);

/// <summary>A job said that it begins: by itself, in a file that the servers do not know of.</summary>
internal sealed record JobBegan(DateTimeOffset At, AttemptId Attempt) : Seen(At);

/// <summary>A job entered what only so many may be in at a time.</summary>
/// <param name="At">After it did.</param>
/// <param name="Group">The concurrency group.</param>
/// <param name="Limit">How many may be in it.</param>
/// <param name="Attempt">Who.</param>
internal sealed record GroupEntered(DateTimeOffset At, string Group, int Limit, AttemptId Attempt) : Seen(At);

/// <summary>It left.</summary>
/// <param name="At">Before it did, or when it was found dead.</param>
/// <param name="Group">The group.</param>
/// <param name="Attempt">Who.</param>
internal sealed record GroupLeft(DateTimeOffset At, string Group, AttemptId Attempt) : Seen(At);

/// <summary>A follower got an event of a run's stream.</summary>
/// <param name="At">When.</param>
/// <param name="Follower">Which follower: its stream must have no gap and no repeat.</param>
/// <param name="Run">Whose stream.</param>
/// <param name="Sequence">The event's number.</param>
/// <param name="Body">What it said.</param>
internal sealed record EventSeen(DateTimeOffset At, string Follower, RunId Run, long Sequence, string Body) : Seen(At);

/// <summary>A client saw a run in a state.</summary>
internal sealed record RunSeen(DateTimeOffset At, RunId Run, long Sequence, RunState State) : Seen(At);

/// <summary>A client was told that a run which had ended goes on, because it asked for that.</summary>
internal sealed record RunRetried(DateTimeOffset At, RunId Run) : Seen(At);

/// <summary>A client saw an attempt in a state.</summary>
internal sealed record AttemptSeen(DateTimeOffset At, AttemptId Attempt, long Sequence, AttemptState State) : Seen(At);

/// <summary>A gateway acknowledged a piece of a log to an agent.</summary>
internal sealed record LogAcknowledged(DateTimeOffset At, AttemptId Attempt, long Offset, byte[] Bytes) : Seen(At);

/// <summary>A job said that it has written these bytes in one piece.</summary>
internal sealed record JobWrote(DateTimeOffset At, AttemptId Attempt, byte[] Bytes) : Seen(At);

/// <summary>A log as it could be read in the end.</summary>
/// <param name="At">When.</param>
/// <param name="Attempt">Whose.</param>
/// <param name="ReportedLength">What its agent reported; null when the attempt ended without a report.</param>
/// <param name="Bytes">What there is.</param>
internal sealed record LogRead(DateTimeOffset At, AttemptId Attempt, long? ReportedLength, byte[] Bytes) : Seen(At);

/// <summary>A client started a run and got its id: from then on the run must not be lost.</summary>
internal sealed record RunAccepted(DateTimeOffset At, RunId Run) : Seen(At);

/// <summary>A list of all runs, made in the end, has this one.</summary>
/// <param name="At">When.</param>
/// <param name="Run">Which.</param>
/// <param name="Order">What one client calls one start, however often it had to ask.</param>
internal sealed record RunFound(DateTimeOffset At, RunId Run, string Order) : Seen(At);
