using System.Collections.Immutable;

namespace Control.Contracts.Retention;

/// <summary>Why a run goes. Numbers are wire format.</summary>
[GenerateSerializer, Alias("control.prune-rule")]
public enum PruneRule
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>Enough newer runs have ended.</summary>
    Keep = 1,

    /// <summary>It ended too long ago.</summary>
    Age = 2,
}

/// <summary>Deletes the ended runs of a pipeline that a policy does not keep, or tells which these are.</summary>
/// <param name="Policy">The policy; null for the one in force.</param>
/// <param name="DryRun">Only tells.</param>
/// <param name="From">Runs with lower numbers are left out: the <see cref="PruneResult.Next"/> of the page before.</param>
/// <param name="Limit">At most so many runs, 1 to <see cref="MostRuns"/>.</param>
/// <param name="By">Who asks.</param>
[GenerateSerializer, Immutable, Alias("control.prune-runs")]
public sealed record PruneRuns(
    [property: Id(0)] RetentionPolicy? Policy,
    [property: Id(1)] bool DryRun,
    [property: Id(2)] long From,
    [property: Id(3)] int Limit,
    [property: Id(4)] Actor By)
{
    /// <summary>Most runs of one page.</summary>
    public const int MostRuns = 200;
}

/// <summary>A run that goes or, after the deed, is gone.</summary>
/// <param name="Run">Which.</param>
/// <param name="State">How it ended.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="Rule">Why it goes; where both rules hit it, <see cref="PruneRule.Keep"/>.</param>
/// <param name="LogBytes">What its logs take up; 0 after the deed.</param>
[GenerateSerializer, Immutable, Alias("control.pruned-run")]
public sealed record PrunedRun(
    [property: Id(0)] RunId Run,
    [property: Id(1)] RunState State,
    [property: Id(2)] DateTimeOffset FinishedAt,
    [property: Id(3)] PruneRule Rule,
    [property: Id(4)] long LogBytes);

/// <summary>A page of what goes, or is gone, oldest first.</summary>
/// <param name="Runs">Which runs.</param>
/// <param name="Next">Number from which on to ask for the next page; null when there is none.</param>
/// <param name="Policy">The policy applied.</param>
/// <param name="DryRun">Whether nothing was deleted.</param>
[GenerateSerializer, Immutable, Alias("control.prune-result")]
public sealed record PruneResult(
    [property: Id(0)] ImmutableArray<PrunedRun> Runs,
    [property: Id(1)] long? Next,
    [property: Id(2)] RetentionPolicy Policy,
    [property: Id(3)] bool DryRun);

/// <summary>Runs that retention deleted together, as its event tells them.</summary>
/// <param name="BeyondKeep">How many because enough newer ones had ended.</param>
/// <param name="TooOld">How many because of their age.</param>
/// <param name="Runs">All of their numbers.</param>
[GenerateSerializer, Immutable, Alias("control.runs-pruned")]
public sealed record RunsPruned(
    [property: Id(0)] int BeyondKeep,
    [property: Id(1)] int TooOld,
    [property: Id(2)] ImmutableArray<long> Runs);

/// <summary>What retention has done for a pipeline.</summary>
/// <param name="Pipeline">Which.</param>
/// <param name="Deleted">Runs deleted so far, by prunes too.</param>
/// <param name="LastDeletedAt">When the last of them was; null before.</param>
[GenerateSerializer, Immutable, Alias("control.retention-view")]
public sealed record RetentionView(
    [property: Id(0)] PipelineId Pipeline, [property: Id(1)] long Deleted, [property: Id(2)] DateTimeOffset? LastDeletedAt);
