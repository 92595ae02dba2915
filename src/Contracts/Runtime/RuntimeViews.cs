namespace Control.Contracts.Runtime;

/// <summary>One grain class on all living silos.</summary>
/// <param name="Type">The class, as in ids of its grains.</param>
/// <param name="Silos">Silos that have such grains.</param>
/// <param name="Activations">Its grains in memory.</param>
/// <param name="Calls">Calls that ended, since the starts of the silos.</param>
/// <param name="Faults">Those among them that ended with an exception.</param>
/// <param name="CallsPerSecond">Calls that ended in the interval, per second.</param>
/// <param name="FaultsPerSecond">Those among them that ended with an exception, per second.</param>
/// <param name="P50Ms">The time within which half of the interval's calls ended, in milliseconds; null without calls.</param>
/// <param name="P99Ms">The time within which 99 of 100 ended, in milliseconds; null without calls.</param>
/// <param name="Executing">Calls that grains are at work on.</param>
/// <param name="Waiting">
/// Calls on the way or in mailboxes: sent and without an answer, less those being worked on. Silos tell it at different
/// moments, so a busy class shows a few that do not wait.
/// </param>
[GenerateSerializer, Immutable, Alias("control.grain-type-view")]
public sealed record GrainTypeView(
    [property: Id(0)] string Type,
    [property: Id(1)] int Silos,
    [property: Id(2)] long Activations,
    [property: Id(3)] long Calls,
    [property: Id(4)] long Faults,
    [property: Id(5)] double CallsPerSecond,
    [property: Id(6)] double FaultsPerSecond,
    [property: Id(7)] double? P50Ms,
    [property: Id(8)] double? P99Ms,
    [property: Id(9)] long Executing,
    [property: Id(10)] long Waiting);

/// <summary>A grain with many calls, or many that wait for it.</summary>
/// <param name="Grain">The grain, as <c>class/key</c>.</param>
/// <param name="Silo">Boot id of the silo it is on; null when no call to it ended in the interval.</param>
/// <param name="CallsPerSecond">Calls that ended in the interval, per second.</param>
/// <param name="ErrorPerSecond">How much too high that may be: hot grains are found without counting all.</param>
/// <param name="Unanswered">Calls to it without an answer yet: waiting, or being worked on.</param>
[GenerateSerializer, Immutable, Alias("control.hot-grain-view")]
public sealed record HotGrainView(
    [property: Id(0)] string Grain,
    [property: Id(1)] string? Silo,
    [property: Id(2)] double CallsPerSecond,
    [property: Id(3)] double ErrorPerSecond,
    [property: Id(4)] long Unanswered);

/// <summary>Something that happened to a silo.</summary>
/// <param name="Silo">Its boot id.</param>
/// <param name="Name">Name of its machine.</param>
/// <param name="Address">Where the others reached it; null for a silo that was alone.</param>
/// <param name="Event">Of <see cref="Events.EventTypes"/>: <c>silo.joined</c>, <c>silo.left</c>, <c>silo.lost</c>, <c>silo.back</c>.</param>
/// <param name="At">When.</param>
/// <param name="StartedAt">When the silo had started.</param>
/// <param name="NoticedBy">The silo that found it lost; null for what it told itself.</param>
[GenerateSerializer, Immutable, Alias("control.silo-event-view")]
public sealed record SiloEventView(
    [property: Id(0)] string Silo,
    [property: Id(1)] string Name,
    [property: Id(2)] string? Address,
    [property: Id(3)] string Event,
    [property: Id(4)] DateTimeOffset At,
    [property: Id(5)] DateTimeOffset StartedAt,
    [property: Id(6)] string? NoticedBy);
