using System.Collections.Immutable;

namespace Control.Contracts.Groups;

/// <summary>A concurrency group as shown.</summary>
/// <param name="Id">Workspace, name and value.</param>
/// <param name="Holding">How many claims have a place.</param>
/// <param name="Waiting">How many wait for one.</param>
/// <param name="Holders">Who has a place, longest first; at most 100.</param>
/// <param name="Waiters">Who waits, the next one first; at most 100.</param>
/// <param name="Version">Counts changes; the ETag.</param>
[GenerateSerializer, Immutable, Alias("control.group-view")]
public sealed record GroupView(
    [property: Id(0)] GroupId Id,
    [property: Id(1)] int Holding,
    [property: Id(2)] int Waiting,
    [property: Id(3)] ImmutableArray<ClaimView> Holders,
    [property: Id(4)] ImmutableArray<ClaimView> Waiters,
    [property: Id(5)] long Version);

/// <summary>A claim as shown.</summary>
/// <param name="Run">The run.</param>
/// <param name="Part">What goes on with it: empty for the run, a stage's name, or <c>stage.job/attempt</c>.</param>
/// <param name="Limit">Most places at a time that it allows.</param>
/// <param name="Overflow">What it does when the group is full.</param>
/// <param name="ClaimedAt">Since when it has waited, or did.</param>
/// <param name="GrantedAt">Since when it has a place; null while it waits.</param>
/// <param name="IsSuperseded">True when its run is being cancelled for a newer one.</param>
[GenerateSerializer, Immutable, Alias("control.claim-view")]
public sealed record ClaimView(
    [property: Id(0)] RunId Run,
    [property: Id(1)] string Part,
    [property: Id(2)] int Limit,
    [property: Id(3)] GroupOverflow Overflow,
    [property: Id(4)] DateTimeOffset ClaimedAt,
    [property: Id(5)] DateTimeOffset? GrantedAt,
    [property: Id(6)] bool IsSuperseded);
