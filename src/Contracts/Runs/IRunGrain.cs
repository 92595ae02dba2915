using System.Collections.Immutable;
using Control.Contracts.Groups;

namespace Control.Contracts.Runs;

/// <summary>Makes a run, by its pipeline only. Everything it needs later is in here, so a run never reads its pipeline.</summary>
/// <param name="DefinitionVersion">The definition it runs.</param>
/// <param name="Spec">That definition.</param>
/// <param name="Parameters">Checked values, defaults included.</param>
/// <param name="Ref">The ref to pin; null without a source.</param>
/// <param name="At">When the start was accepted.</param>
/// <param name="By">Who started it.</param>
/// <param name="TraceParent">W3C trace context to continue.</param>
/// <param name="Limits">The workspace's limits; null for none.</param>
[GenerateSerializer, Immutable, Alias("control.create-run")]
public sealed record CreateRun(
    [property: Id(0)] long DefinitionVersion,
    [property: Id(1)] PipelineSpec Spec,
    [property: Id(2)] ImmutableSortedDictionary<string, string> Parameters,
    [property: Id(3)] string? Ref,
    [property: Id(4)] DateTimeOffset At,
    [property: Id(5)] Actor By,
    [property: Id(6)] string? TraceParent,
    [property: Id(7)] Workspaces.WorkspaceLimits? Limits = null);

/// <summary>What looking up the source's ref gave: a commit, or why not.</summary>
/// <param name="Commit">Full commit id; null when not found.</param>
/// <param name="Error">Why not, in a sentence with the cure; null when found.</param>
/// <param name="FullRef">The full name it was found by, such as <c>refs/heads/main</c>; null for commit ids and where unknown.</param>
[GenerateSerializer, Immutable, Alias("control.source-resolution")]
public sealed record SourceResolution(
    [property: Id(0)] string? Commit, [property: Id(1)] string? Error, [property: Id(2)] string? FullRef = null);

/// <summary>Decides a gate.</summary>
/// <param name="Stage">The stage whose gate it is.</param>
/// <param name="Approve">False rejects.</param>
/// <param name="Comment">Recorded; up to 2,000 characters.</param>
/// <param name="Parameters">Values for the gate's parameters.</param>
/// <param name="By">Who decides.</param>
/// <param name="Scopes">What that one may do, of <see cref="Access.Scopes"/>.</param>
[GenerateSerializer, Immutable, Alias("control.decide-gate")]
public sealed record DecideGate(
    [property: Id(0)] string Stage,
    [property: Id(1)] bool Approve,
    [property: Id(2)] string Comment,
    [property: Id(3)] ImmutableDictionary<string, string> Parameters,
    [property: Id(4)] Actor By,
    [property: Id(5)] ImmutableArray<string> Scopes);

/// <summary>Runs a run again that has ended.</summary>
/// <param name="Stage">From this stage on; null for all of it.</param>
/// <param name="Parameters">Values that are to change; only for all of it.</param>
/// <param name="Ref">Branch, tag or commit to look up anew; null keeps the commit. Only for all of it.</param>
/// <param name="By">Who asks.</param>
[GenerateSerializer, Immutable, Alias("control.rerun")]
public sealed record Rerun(
    [property: Id(0)] string? Stage,
    [property: Id(1)] ImmutableDictionary<string, string> Parameters,
    [property: Id(2)] string? Ref,
    [property: Id(3)] Actor By);

/// <summary>Keeps a run, whatever the retention policy says.</summary>
/// <param name="Reason">Why, for people; up to 1,000 characters.</param>
/// <param name="By">Who asks.</param>
[GenerateSerializer, Immutable, Alias("control.keep-run")]
public sealed record KeepRun([property: Id(0)] string Reason, [property: Id(1)] Actor By);

/// <summary>Deletes a run that a retention policy does not keep.</summary>
/// <param name="Version">The version that the policy was applied to; a run that changed since stays.</param>
/// <param name="By">Who asks.</param>
[GenerateSerializer, Immutable, Alias("control.expire-run")]
public sealed record ExpireRun([property: Id(0)] long Version, [property: Id(1)] Actor By);

/// <summary>What an agent reports of an attempt. Numbers are wire format.</summary>
[GenerateSerializer, Alias("control.report-kind")]
public enum ReportKind
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>The work folder is there and the first process is about to run.</summary>
    Started = 1,

    /// <summary>Every step ended with 0.</summary>
    Succeeded = 2,

    /// <summary>It ended otherwise; the reason says how.</summary>
    Failed = 3,

    /// <summary>Stopped as ordered; every process of it is gone.</summary>
    Stopped = 4,
}

/// <summary>An agent's report. Repeating one is harmless; one with a stale lease is refused.</summary>
/// <param name="Attempt">The attempt.</param>
/// <param name="Lease">The lease it was given under.</param>
/// <param name="Agent">Who reports.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Reason">Of <see cref="Reasons"/>, for failures.</param>
/// <param name="Message">The reason in a sentence, up to 1,000 characters, secrets masked.</param>
/// <param name="ExitCode">Of the step that ended it.</param>
/// <param name="Outputs">Declared outputs, for a success.</param>
/// <param name="LogLength">The log's full length in bytes, for final reports.</param>
/// <param name="Ran">For final reports: from the job's start to its end, by the agent's clock; null when unknown.</param>
/// <param name="Ago">
/// How long before this message was sent the reported thing happened. A report that waited for an absent server still tells
/// the right time, without the two clocks having to agree.
/// </param>
/// <param name="Cleanup">For final reports: what ending it found; null where it ended by itself and left nothing.</param>
[GenerateSerializer, Immutable, Alias("control.attempt-report")]
public sealed record AttemptReport(
    [property: Id(0)] AttemptId Attempt,
    [property: Id(1)] long Lease,
    [property: Id(2)] AgentId Agent,
    [property: Id(3)] ReportKind Kind,
    [property: Id(4)] string? Reason,
    [property: Id(5)] string? Message,
    [property: Id(6)] int? ExitCode,
    [property: Id(7)] ImmutableSortedDictionary<string, string> Outputs,
    [property: Id(8)] long LogLength,
    [property: Id(9)] TimeSpan? Ran = null,
    [property: Id(10)] TimeSpan? Ago = null,
    [property: Id(20)] CleanupView? Cleanup = null);

/// <summary>A run: stages, gates, attempts, results. The key is a <see cref="RunId"/>.</summary>
[Alias("control.IRunGrain")]
public interface IRunGrain : IGrainWithStringKey
{
    /// <summary>Makes the run; repeated, it returns the run that is there.</summary>
    [Alias("Create"), SafeToRetry]
    Task<RunView> Create(CreateRun command);

    /// <summary>Takes in the commit of the source, or why there is none. Ignored unless the run is preparing.</summary>
    [Alias("SourceResolved"), SafeToRetry]
    Task SourceResolved(SourceResolution resolution);

    /// <summary>Approves or rejects the gate that the run waits at.</summary>
    [Alias("Decide")]
    Task<Outcome<RunView>> Decide(DecideGate command);

    /// <summary>
    /// Cancels the run; it is <see cref="RunState.Cancelled"/> once nothing of it runs. Repeated, it can be made more urgent.
    /// </summary>
    [Alias("Cancel")]
    Task<Outcome<RunView>> Cancel(CancelMode mode, Actor by);

    /// <summary>Runs the jobs again that failed, were cancelled or were never started, as new attempts.</summary>
    [Alias("Retry")]
    Task<Outcome<RunView>> Retry(Actor by);

    /// <summary>Runs stages again, whether they succeeded or not, as new attempts; refused while the run goes on.</summary>
    [Alias("Rerun")]
    Task<Outcome<RunView>> Rerun(Rerun command);

    /// <summary>
    /// Deletes a run that has ended and is not kept: from the commit on nobody sees it, its number is not given again, and what agents still
    /// send of it is refused. Its rows and logs go afterwards. Repeated, it is done already.
    /// </summary>
    [Alias("Delete"), SafeToRetry]
    Task<Outcome<Done>> Delete(Actor by);

    /// <summary>As <see cref="Delete"/>, for a run that is as it was when a policy was applied to it.</summary>
    [Alias("Expire"), SafeToRetry]
    Task<Outcome<Done>> Expire(ExpireRun command);

    /// <summary>Keeps it, whatever the retention policy says; nobody can delete it then. Repeated, it is given the newer reason.</summary>
    [Alias("Keep"), SafeToRetry]
    Task<Outcome<RunView>> Keep(KeepRun command);

    /// <summary>Leaves it to the retention policy again; a run that is not kept stays as it is.</summary>
    [Alias("Unkeep"), SafeToRetry]
    Task<Outcome<RunView>> Unkeep(Actor by);

    /// <summary>Gives a queued attempt to an agent. The commit behind the answer is the lease.</summary>
    [Alias("TryLease")]
    Task<Outcome<Assignment>> TryLease(AttemptId attempt, AgentId agent, string agentName);

    /// <summary>An agent's report. A refusal tells the agent to stop and forget the attempt.</summary>
    [Alias("Report"), SafeToRetry]
    Task<Outcome<Done>> Report(AttemptReport report);

    /// <summary>The agent with this lease is gone for good; the reason is one of <see cref="Reasons"/>. Ignored for stale leases.</summary>
    [Alias("AttemptLost"), SafeToRetry]
    Task AttemptLost(LeaseRef lease, string reason);

    /// <summary>The assignment under a lease that still holds, for delivering it again; null when it does not.</summary>
    [Alias("GetAssignment"), SafeToRetry]
    Task<Assignment?> GetAssignment(LeaseRef lease);

    /// <summary>
    /// A concurrency group's answer to a claim. False when the run has no such claim any more: the group then takes the place
    /// back. Repeats are harmless, so a group asks by repeating its answer.
    /// </summary>
    [Alias("Answer"), SafeToRetry]
    Task<bool> Answer(ClaimAnswer answer);

    /// <summary>Looks at the clock and at unfinished business; harmless at any time.</summary>
    [Alias("Wake"), SafeToRetry]
    Task Wake();
}
