using System.Collections.Immutable;

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
    [property: Id(14)] long Version);

/// <summary>A stage of a run.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">Where it is.</param>
/// <param name="Jobs">Names of its jobs, in order; their states are in the attempts.</param>
/// <param name="Gate">What is asked, for manual stages.</param>
/// <param name="Decision">The decision, once taken.</param>
/// <param name="StartedAt">When it was reached.</param>
/// <param name="FinishedAt">When it ended.</param>
[GenerateSerializer, Immutable, Alias("control.stage-view")]
public sealed record StageView(
    [property: Id(0)] string Name,
    [property: Id(1)] StageState State,
    [property: Id(2)] ImmutableArray<string> Jobs,
    [property: Id(3)] GateSpec? Gate,
    [property: Id(4)] GateDecision? Decision,
    [property: Id(5)] DateTimeOffset? StartedAt,
    [property: Id(6)] DateTimeOffset? FinishedAt);

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
/// <param name="Cause">Why there is this attempt: <c>stage</c>, <c>retry-rule</c> or <c>retry</c>.</param>
/// <param name="By">Who caused it.</param>
/// <param name="QueuedAt">When it became ready.</param>
/// <param name="LeasedAt">When an agent was given it.</param>
/// <param name="StartedAt">When the agent began.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="LogLength">Length of its log in bytes, once reported.</param>
/// <param name="Outputs">Declared outputs it wrote.</param>
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
    [property: Id(14)] ImmutableSortedDictionary<string, string> Outputs);
