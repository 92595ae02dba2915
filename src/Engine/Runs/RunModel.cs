using Control.Contracts.Access;
using Control.Contracts.Agents;
using Control.Contracts.Runs;

namespace Control.Engine.Runs;

/// <summary>The state of a run: what its grain owns. Immutable; replaced whole by a <see cref="RunMachine"/>.</summary>
/// <param name="Id">Workspace, pipeline, number.</param>
/// <param name="Plan">The definition it runs; stored once, apart from the head.</param>
/// <param name="Head">What changes of the run itself.</param>
/// <param name="Attempts">By <see cref="AttemptId.LocalKey"/>; each is a row of its own.</param>
public sealed record RunModel(RunId Id, PipelineSpec Plan, RunHead Head, ImmutableDictionary<string, AttemptRecord> Attempts)
{
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
}

/// <summary>The state of a stage; its name and jobs are in the plan.</summary>
/// <param name="State">Where it is.</param>
/// <param name="Decision">The decision at its gate, once taken.</param>
/// <param name="StartedAt">When it was reached.</param>
/// <param name="FinishedAt">When it ended.</param>
public sealed record StageRecord(StageState State, GateDecision? Decision, DateTimeOffset? StartedAt, DateTimeOffset? FinishedAt)
{
    /// <summary>Not reached yet.</summary>
    public static StageRecord Pending { get; } = new(StageState.Pending, null, null, null);
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
    /// <summary>Its stage began.</summary>
    public const string Stage = "stage";

    /// <summary>The job's retry rule.</summary>
    public const string RetryRule = "retry-rule";

    /// <summary>A person asked.</summary>
    public const string Retry = "retry";
}
