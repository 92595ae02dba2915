using System.Collections.Immutable;
using Control.Contracts.Groups;

namespace Control.Contracts.Runs;

/// <summary>A run as shown in lists; also the head of its details.</summary>
/// <param name="Id">Workspace, pipeline, number.</param>
/// <param name="State">Where it is.</param>
/// <param name="Reason">Of <see cref="Reasons"/>, for ended runs that did not succeed.</param>
/// <param name="Message">The reason in a sentence, cure included.</param>
/// <param name="DefinitionVersion">The definition it runs.</param>
/// <param name="Repository">The source's URL without credentials; null without one.</param>
/// <param name="Ref">The ref asked for.</param>
/// <param name="Commit">The commit pinned at start; null until known.</param>
/// <param name="Parameters">Values it was started with, defaults included.</param>
/// <param name="CreatedAt">When it was accepted.</param>
/// <param name="StartedAt">When its first stage began.</param>
/// <param name="FinishedAt">When it ended; null before.</param>
/// <param name="StartedBy">Who started it.</param>
/// <param name="Stages">In order.</param>
/// <param name="Version">Counts changes; the ETag.</param>
/// <param name="Earlier">How the rounds before this one ended, oldest first.</param>
/// <param name="Round">1 for the start, one more for each retry or re-run.</param>
/// <param name="CancelMode">How it is being cancelled; null when it is not.</param>
/// <param name="WaitsFor">The concurrency group that it waits for; null when it does not.</param>
/// <param name="Kept">Who keeps it whatever the retention policy says; null when nobody does.</param>
[GenerateSerializer, Immutable, Alias("control.run-view")]
public sealed record RunView(
    [property: Id(0)] RunId Id,
    [property: Id(1)] RunState State,
    [property: Id(2)] string? Reason,
    [property: Id(3)] string? Message,
    [property: Id(4)] long DefinitionVersion,
    [property: Id(5)] string? Repository,
    [property: Id(6)] string? Ref,
    [property: Id(7)] string? Commit,
    [property: Id(8)] ImmutableSortedDictionary<string, string> Parameters,
    [property: Id(9)] DateTimeOffset CreatedAt,
    [property: Id(10)] DateTimeOffset? StartedAt,
    [property: Id(11)] DateTimeOffset? FinishedAt,
    [property: Id(12)] Actor StartedBy,
    [property: Id(13)] ImmutableArray<StageView> Stages,
    [property: Id(14)] long Version,
    ImmutableArray<RoundView> Earlier,
    [property: Id(15)] int Round = 1,
    [property: Id(17)] CancelMode? CancelMode = null,
    [property: Id(18)] GroupId? WaitsFor = null,
    [property: Id(19)] Kept? Kept = null)
{
    /// <summary>The rounds before this one; empty also in views from before there were any.</summary>
    [Id(16)]
    public ImmutableArray<RoundView> Earlier { get; init; } = Earlier.IsDefault ? [] : Earlier;
}

/// <summary>Somebody keeps a run.</summary>
/// <param name="Reason">Why, for people.</param>
/// <param name="By">Who.</param>
/// <param name="At">Since when.</param>
[GenerateSerializer, Immutable, Alias("control.kept")]
public sealed record Kept([property: Id(0)] string Reason, [property: Id(1)] Actor By, [property: Id(2)] DateTimeOffset At);

/// <summary>A round of a run that is over.</summary>
/// <param name="Number">From 1.</param>
/// <param name="Cause">Of <c>start</c>, <c>retry</c>, <c>rerun</c>.</param>
/// <param name="By">Who caused it.</param>
/// <param name="State">How it ended.</param>
/// <param name="Reason">Of <see cref="Reasons"/>, when it did not succeed.</param>
/// <param name="Message">The reason in a sentence.</param>
/// <param name="Parameters">Its values.</param>
/// <param name="Ref">Its ref.</param>
/// <param name="Commit">Its commit.</param>
/// <param name="FinishedAt">When it ended.</param>
[GenerateSerializer, Immutable, Alias("control.round-view")]
public sealed record RoundView(
    [property: Id(0)] int Number,
    [property: Id(1)] string Cause,
    [property: Id(2)] Actor By,
    [property: Id(3)] RunState State,
    [property: Id(4)] string? Reason,
    [property: Id(5)] string? Message,
    [property: Id(6)] ImmutableSortedDictionary<string, string> Parameters,
    [property: Id(7)] string? Ref,
    [property: Id(8)] string? Commit,
    [property: Id(9)] DateTimeOffset? FinishedAt);

/// <summary>A stage of a run.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">Where it is.</param>
/// <param name="Jobs">Names of its jobs, in order, each leg of a matrix one; their states are in the attempts.</param>
/// <param name="Gate">What is asked, for manual stages.</param>
/// <param name="Decision">The decision, once taken.</param>
/// <param name="StartedAt">When it was reached.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="Approvals">Approvals so far, where more than one is needed.</param>
/// <param name="Details">Of the jobs there is more to tell of than a name.</param>
/// <param name="Round">The round it is in: attempts of it count.</param>
/// <param name="Since">The round from which on succeeded attempts count too.</param>
/// <param name="WaitsFor">The concurrency group that it waits for; null when it does not.</param>
[GenerateSerializer, Immutable, Alias("control.stage-view")]
public sealed record StageView(
    [property: Id(0)] string Name,
    [property: Id(1)] StageState State,
    [property: Id(2)] ImmutableArray<string> Jobs,
    [property: Id(3)] GateSpec? Gate,
    [property: Id(4)] GateDecision? Decision,
    [property: Id(5)] DateTimeOffset? StartedAt,
    [property: Id(6)] DateTimeOffset? FinishedAt,
    ImmutableArray<GateDecision> Approvals,
    ImmutableArray<JobView> Details,
    [property: Id(8)] int Round = 1,
    [property: Id(9)] int Since = 1,
    [property: Id(11)] GroupId? WaitsFor = null)
{
    /// <summary>Approvals so far; empty also in views from before they were kept.</summary>
    [Id(7)]
    public ImmutableArray<GateDecision> Approvals { get; init; } = Approvals.IsDefault ? [] : Approvals;

    /// <summary>Of the jobs there is more to tell of than a name; empty also in views from before there was any.</summary>
    [Id(10)]
    public ImmutableArray<JobView> Details { get; init; } = Details.IsDefault ? [] : Details;
}

/// <summary>What there is to tell of a job beyond its name and its attempts.</summary>
/// <param name="Name">Its name; a leg of a matrix has its number behind it.</param>
/// <param name="Needs">Jobs of the stage that it waits for.</param>
/// <param name="Matrix">The leg's values, as <c>A=1, B=2</c>; null outside of a matrix.</param>
/// <param name="AllowFailure">True when its failure does not count; null otherwise.</param>
/// <param name="Skipped">Why it was skipped; null when it was not.</param>
[GenerateSerializer, Immutable, Alias("control.job-view")]
public sealed record JobView(
    [property: Id(0)] string Name,
    [property: Id(1)] ImmutableArray<string> Needs,
    [property: Id(2)] string? Matrix = null,
    [property: Id(3)] bool? AllowFailure = null,
    [property: Id(4)] string? Skipped = null);

/// <summary>What was decided at a gate, by whom and why.</summary>
/// <param name="Approved">False is a rejection.</param>
/// <param name="Comment">What the decider said.</param>
/// <param name="Parameters">Values passed, defaults included.</param>
/// <param name="By">Who.</param>
/// <param name="At">When.</param>
[GenerateSerializer, Immutable, Alias("control.gate-decision")]
public sealed record GateDecision(
    [property: Id(0)] bool Approved,
    [property: Id(1)] string Comment,
    [property: Id(2)] ImmutableSortedDictionary<string, string> Parameters,
    [property: Id(3)] Actor By,
    [property: Id(4)] DateTimeOffset At);

/// <summary>One attempt at a job as shown.</summary>
/// <param name="Id">Run, job, number.</param>
/// <param name="State">Where it is.</param>
/// <param name="Reason">Of <see cref="Reasons"/>, when it did not succeed.</param>
/// <param name="Message">The reason in a sentence.</param>
/// <param name="ExitCode">Of the step that ended it; null when none ran.</param>
/// <param name="Agent">Id of the agent that has or had it.</param>
/// <param name="AgentName">That agent's name.</param>
/// <param name="Cause">Why there is this attempt: <c>stage</c>, <c>retry-rule</c>, <c>retry</c> or <c>rerun</c>.</param>
/// <param name="By">Who caused it.</param>
/// <param name="QueuedAt">When it became ready.</param>
/// <param name="LeasedAt">When an agent was given it.</param>
/// <param name="StartedAt">When the agent began.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="LogLength">Length of its log in bytes, once reported.</param>
/// <param name="Outputs">Declared outputs it wrote.</param>
/// <param name="Round">The run's round it belongs to.</param>
/// <param name="NotBefore">When it may begin; null for at once.</param>
/// <param name="WaitsFor">The concurrency group that it waits for; null when it does not.</param>
/// <param name="Cleanup">What its end found running, where it did not just end by itself; null otherwise.</param>
[GenerateSerializer, Immutable, Alias("control.attempt-view")]
public sealed record AttemptView(
    [property: Id(0)] AttemptId Id,
    [property: Id(1)] AttemptState State,
    [property: Id(2)] string? Reason,
    [property: Id(3)] string? Message,
    [property: Id(4)] int? ExitCode,
    [property: Id(5)] string? Agent,
    [property: Id(6)] string? AgentName,
    [property: Id(7)] string Cause,
    [property: Id(8)] Actor By,
    [property: Id(9)] DateTimeOffset QueuedAt,
    [property: Id(10)] DateTimeOffset? LeasedAt,
    [property: Id(11)] DateTimeOffset? StartedAt,
    [property: Id(12)] DateTimeOffset? FinishedAt,
    [property: Id(13)] long? LogLength,
    [property: Id(14)] ImmutableSortedDictionary<string, string> Outputs,
    [property: Id(15)] int Round = 1,
    [property: Id(16)] DateTimeOffset? NotBefore = null,
    [property: Id(17)] GroupId? WaitsFor = null,
    [property: Id(20)] CleanupView? Cleanup = null);

/// <summary>What ending an attempt found, until nothing of it ran any more.</summary>
/// <param name="Found">Processes that were there when it began.</param>
/// <param name="Escaped">Those among all that had left the session they were started in, as daemons do; not counted in containers.</param>
/// <param name="Terminated">Processes that ended when asked to (SIGTERM), or by themselves.</param>
/// <param name="Killed">Processes that had not ended in time, or came too late for that, and were killed (SIGKILL).</param>
/// <param name="TookMilliseconds">From the first look to the last.</param>
[GenerateSerializer, Immutable, Alias("control.cleanup-view")]
public sealed record CleanupView(
    [property: Id(0)] int Found,
    [property: Id(1)] int Escaped,
    [property: Id(2)] int Terminated,
    [property: Id(3)] int Killed,
    [property: Id(4)] long TookMilliseconds);
