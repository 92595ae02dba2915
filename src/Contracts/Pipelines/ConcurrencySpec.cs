using Control.Contracts.Groups;

namespace Control.Contracts.Pipelines;

/// <summary>What a pipeline, stage or job waits for: a place in a group of its workspace.</summary>
/// <param name="Group">The group's name, a <see cref="ResourceName"/>.</param>
/// <param name="By">An expression whose text divides the group; null for one group.</param>
/// <param name="Limit">Most places at a time, 1 to 1,000.</param>
/// <param name="Overflow">What happens when the group is full.</param>
[GenerateSerializer, Immutable, Alias("control.concurrency-spec")]
public sealed record ConcurrencySpec(
    [property: Id(0)] string Group,
    [property: Id(1)] string? By,
    [property: Id(2)] int Limit,
    [property: Id(3)] GroupOverflow Overflow);
