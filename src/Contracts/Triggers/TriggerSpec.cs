using System.Collections.Immutable;

namespace Control.Contracts.Triggers;

/// <summary>What becomes of ticks that came while nobody could start a run. Numbers are wire format and pinned by a test.</summary>
[GenerateSerializer, Alias("control.missed-ticks")]
public enum MissedTicks
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>One run for all of them, as of the last.</summary>
    Once = 1,

    /// <summary>None.</summary>
    Skip = 2,

    /// <summary>A run for each, oldest first; of more than 100 for the last 100.</summary>
    All = 3,
}

/// <summary>Starts runs of a pipeline by the clock.</summary>
/// <param name="Name">Unique in the pipeline.</param>
/// <param name="Cron">Five fields: minute, hour, day of the month, month, day of the week.</param>
/// <param name="TimeZone">IANA name of the time zone that the fields are meant in.</param>
/// <param name="Missed">What becomes of missed ticks.</param>
/// <param name="Parameters">Values by parameter name.</param>
/// <param name="Ref">Branch, tag or commit instead of the definition's; null to use that.</param>
[GenerateSerializer, Immutable, Alias("control.trigger-spec")]
public sealed record TriggerSpec(
    [property: Id(0)] string Name,
    [property: Id(1)] string Cron,
    [property: Id(2)] string TimeZone,
    [property: Id(3)] MissedTicks Missed,
    [property: Id(4)] ImmutableSortedDictionary<string, string> Parameters,
    [property: Id(5)] string? Ref);
