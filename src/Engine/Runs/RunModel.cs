using Control.Contracts.Access;
using Control.Contracts.Agents;
using Control.Contracts.Groups;
using Control.Contracts.Runs;
using Control.Contracts.Workspaces;

namespace Control.Engine.Runs;

/// <summary>The state of a run: what its grain owns. Immutable; replaced whole by a <see cref="RunMachine"/>.</summary>
/// <param name="Id">Workspace, pipeline, number.</param>
/// <param name="Plan">The definition it runs; stored once, apart from the head.</param>
/// <param name="Head">What changes of the run itself.</param>
/// <param name="Attempts">By <see cref="AttemptId.LocalKey"/>; each is a row of its own.</param>
public sealed record RunModel(RunId Id, PipelineSpec Plan, RunHead Head, ImmutableDictionary<string, AttemptRecord> Attempts)
{
    /// <summary>The plan's jobs as they are run; copied, not made anew, with every new state.</summary>
    public JobTable Jobs { get; } = JobTable.Of(Plan);

    /// <summary>
    /// The newest attempt at a job that counts: of the present round of its stage, or kept from an earlier one because it
    /// succeeded. Null when there is none.
    /// </summary>
    public AttemptRecord? Counting(PlannedJob job)
    {
        var stage = Head.Stages[job.Stage];
        return LatestAttempt(job.Key) is { } latest && JobRollup.Counts(latest.State, latest.Round, stage.Round, stage.Since) ? latest : null;
    }

    /// <summary>Where a job is.</summary>
    public JobState StateOf(PlannedJob job)
    {
        var stage = Head.Stages[job.Stage];
        return JobRollup.Of(Counting(job)?.State, stage.State, stage.Skipped.ContainsKey(job.Key.Job));
    }

    /// <summary>The newest attempt at a job; null when there was none.</summary>
    public AttemptRecord? LatestAttempt(JobKey job)
    {
        AttemptRecord? latest = null;
        for (var number = 1; Attempts.TryGetValue(new AttemptId(Id, job, number).LocalKey, out var attempt); number++)
        {
            latest = attempt;
        }

        return latest;
    }

    /// <summary>The attempts that still need something to happen.</summary>
    public IEnumerable<AttemptRecord> ActiveAttempts => Attempts.Values.Where(attempt => !attempt.IsTerminal);
}

/// <summary>The run's own document.</summary>
/// <param name="State">Where it is.</param>
/// <param name="Reason">Of <see cref="Reasons"/>.</param>
/// <param name="Message">The reason in a sentence.</param>
/// <param name="DefinitionVersion">The definition it runs.</param>
/// <param name="Ref">The ref asked for; null without a source.</param>
/// <param name="Commit">The pinned commit.</param>
/// <param name="Parameters">Checked values, defaults included.</param>
/// <param name="CreatedAt">When the start was accepted.</param>
/// <param name="StartedAt">When the first stage began.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="StartedBy">Who started it.</param>
/// <param name="Stages">In order; as many as the plan has.</param>
/// <param name="LastLease">The newest fence given out; grows with every lease.</param>
/// <param name="TraceParent">W3C trace context the run's spans continue.</param>
/// <param name="Version">The commit's version, for the ETag; set when loaded or committed.</param>
public sealed record RunHead(
    RunState State,
    string? Reason,
    string? Message,
    long DefinitionVersion,
    string? Ref,
    string? Commit,
    ImmutableSortedDictionary<string, string> Parameters,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt,
    Actor StartedBy,
    ImmutableArray<StageRecord> Stages,
    long LastLease,
    string? TraceParent,
    long Version)
{
    /// <summary>True once nothing can change without a person asking for it.</summary>
    public bool IsTerminal => State is RunState.Succeeded or RunState.Failed or RunState.Cancelled;

    /// <summary>What caused the start: <c>manual</c>, a person or program, or <c>schedule</c>, a trigger.</summary>
    public string Event { get; init; } = "manual";

    /// <summary>The full name the commit was found by; null for commit ids.</summary>
    public string? FullRef { get; init; }

    /// <summary>How the run will end once what must still run has ended; null while that is open.</summary>
    public RunState? Outcome { get; init; }

    /// <summary>How it is being cancelled; null when it is not.</summary>
    public CancelMode? CancelMode { get; init; }

    /// <summary>1 for the start, one more for each retry or re-run.</summary>
    public int Round { get; init; } = 1;

    /// <summary>Why there is this round; of <see cref="Causes"/>, or <c>start</c>.</summary>
    public string RoundCause { get; init; } = Causes.Start;

    /// <summary>Who caused this round; null for who started the run.</summary>
    public Actor? RoundBy { get; init; }

    /// <summary>When this round's first stage began; the run's limit counts from here.</summary>
    public DateTimeOffset? RoundStartedAt { get; init; }

    /// <summary>The rounds before this one.</summary>
    public ImmutableArray<RoundView> Earlier { get; init; } = [];

    /// <summary>True once it was deleted: this is all that is left of it.</summary>
    public bool Deleted { get; init; }

    /// <summary>Who keeps it whatever the retention policy says; null when nobody does.</summary>
    public Kept? Kept { get; init; }

    /// <summary>The workspace's limits when it was started; null for none.</summary>
    public WorkspaceLimits? Limits { get; init; }

    /// <summary>Places in groups that the run as a whole has or waits for, in the order in which it takes them.</summary>
    public ImmutableArray<RunClaim> Claims { get; init; } = [];

    /// <summary>What is to happen once it has all of them; null when it has begun.</summary>
    public RunEntry? Entry { get; init; }
}

/// <summary>Where a run goes on once it may.</summary>
/// <param name="Stage">The position of the stage.</param>
/// <param name="Resume">Whether the stage goes on with what succeeded of it.</param>
public sealed record RunEntry(int Stage, bool Resume);

/// <summary>A place in a concurrency group that a run has or waits for.</summary>
/// <param name="Group">The group.</param>
/// <param name="Fence">The run's number for it.</param>
/// <param name="Limit">Most places at a time.</param>
/// <param name="Overflow">What happens when the group is full.</param>
/// <param name="Since">Since when it has waited.</param>
/// <param name="GrantedAt">Since when it has the place; null while it waits.</param>
public sealed record RunClaim(GroupId Group, long Fence, int Limit, GroupOverflow Overflow, DateTimeOffset Since, DateTimeOffset? GrantedAt)
{
    /// <summary>Most claims waiting; 0 for the group's own limit.</summary>
    public int Queue { get; init; }
}

/// <summary>The state of a stage; its name and jobs are in the plan.</summary>
/// <param name="State">Where it is.</param>
/// <param name="Decision">The decision at its gate, once taken.</param>
/// <param name="StartedAt">When it was reached.</param>
/// <param name="FinishedAt">When it ended.</param>
public sealed record StageRecord(StageState State, GateDecision? Decision, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt)
{
    /// <summary>The round it is in: attempts of it count.</summary>
    public int Round { get; init; } = 1;

    /// <summary>The round from which on succeeded attempts count too; behind <see cref="Round"/> after a retry.</summary>
    public int Since { get; init; } = 1;

    /// <summary>Why its jobs are begun, of <see cref="Causes"/>.</summary>
    public string Cause { get; init; } = Causes.Stage;

    /// <summary>When its jobs began in this round; its limit counts from here.</summary>
    public DateTimeOffset? RunningSince { get; init; }

    /// <summary>True once its time ran out.</summary>
    public bool TimedOut { get; init; }

    /// <summary>Approvals so far, while more are needed.</summary>
    public ImmutableArray<GateDecision> Approvals { get; init; } = [];

    /// <summary>Jobs that are not run in this round, with the reason in a sentence.</summary>
    public ImmutableSortedDictionary<string, string> Skipped { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>The place in a group that its jobs need, while it has or waits for it.</summary>
    public RunClaim? Claim { get; init; }

    /// <summary>Not reached yet in a round of which nothing earlier counts.</summary>
    public static StageRecord Pending(int round) => new(StageState.Pending, null, null, null) { Round = round, Since = round };
}

/// <summary>One attempt at a job: a child row.</summary>
/// <param name="Id">Run, job, number.</param>
/// <param name="State">Where it is.</param>
/// <param name="Pool">The labels it demands.</param>
/// <param name="Cause">Of <see cref="Causes"/>.</param>
/// <param name="By">Who caused it.</param>
/// <param name="QueuedAt">When it became ready.</param>
public sealed record AttemptRecord(AttemptId Id, AttemptState State, PoolKey Pool, string Cause, Actor By, DateTimeOffset QueuedAt)
{
    /// <summary>The run's round it belongs to.</summary>
    public int Round { get; init; } = 1;

    /// <summary>The place in a group that it needs; given back when the attempt ends.</summary>
    public RunClaim? Claim { get; init; }

    /// <summary>When it may be queued; null for at once.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Why it is being stopped, of <see cref="Reasons"/>; null when it is not.</summary>
    public string? StopReason { get; init; }

    /// <summary>Since when it is being stopped.</summary>
    public DateTimeOffset? StoppingSince { get; init; }

    /// <summary>The agent that has or had it.</summary>
    public AgentId? Agent { get; init; }

    /// <summary>That agent's name.</summary>
    public string? AgentName { get; init; }

    /// <summary>Fence of its lease; 0 before one was given.</summary>
    public long Lease { get; init; }

    /// <summary>Silence of its agent after which it is lost.</summary>
    public int LostAfterSeconds { get; init; }

    /// <summary>Of <see cref="Reasons"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>The reason in a sentence.</summary>
    public string? Message { get; init; }

    /// <summary>Of the step that ended it.</summary>
    public int? ExitCode { get; init; }

    /// <summary>When the lease was given.</summary>
    public DateTimeOffset? LeasedAt { get; init; }

    /// <summary>When the agent began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>What its end found running; null where it ended by itself and left nothing.</summary>
    public CleanupView? Cleanup { get; init; }

    /// <summary>Full length of its log, once reported.</summary>
    public long? LogLength { get; init; }

    /// <summary>Declared outputs it wrote.</summary>
    public ImmutableSortedDictionary<string, string> Outputs { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>True once nothing of it can run any more, as far as the server is concerned.</summary>
    public bool IsTerminal => State is AttemptState.Succeeded or AttemptState.Failed or AttemptState.Cancelled or AttemptState.Lost;

    /// <summary>True while an agent has it.</summary>
    public bool IsHeld => State is AttemptState.Leased or AttemptState.Running or AttemptState.Stopping;

    /// <summary>The lease by which an agent has or had it.</summary>
    public LeaseRef LeaseRef => new(Id, Lease);
}

/// <summary>Why there is an attempt; words on the wire.</summary>
public static class Causes
{
    /// <summary>The run was started.</summary>
    public const string Start = "start";

    /// <summary>Its stage began.</summary>
    public const string Stage = "stage";

    /// <summary>The job's retry rule.</summary>
    public const string RetryRule = "retry-rule";

    /// <summary>A person asked for what had not succeeded.</summary>
    public const string Retry = "retry";

    /// <summary>A person asked for the stage again.</summary>
    public const string Rerun = "rerun";
}
