using System.Collections.Immutable;

namespace Control.Contracts.Runtime;

/// <summary>What is known of a silo's life. Numbers are wire format.</summary>
[GenerateSerializer, Alias("control.silo-state")]
public enum SiloState
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>It runs grains and renews its row.</summary>
    Active = 1,

    /// <summary>It was told to stop and hands its grains over.</summary>
    Leaving = 2,

    /// <summary>It stopped in order.</summary>
    Gone = 3,

    /// <summary>It no longer renews its row: killed, cut off, or paused.</summary>
    Lost = 4,
}

/// <summary>A silo as it last described itself. Figures are of the interval before <paramref name="SeenAt"/>, about 5 s.</summary>
/// <param name="Id">Its boot id, unique to this start of the process.</param>
/// <param name="Name">Name of its machine.</param>
/// <param name="Address">Where the other silos reach it, as <c>address:port</c>; null for a silo that is alone.</param>
/// <param name="Engine">The engine that runs its grains: <c>Embedded</c> or <c>Orleans</c>.</param>
/// <param name="Version">Version of its software.</param>
/// <param name="State">What is known of its life.</param>
/// <param name="StartedAt">When it started.</param>
/// <param name="SeenAt">When it last renewed this row, by its own clock.</param>
/// <param name="Process">What its process uses.</param>
/// <param name="Activations">Grains it has in memory.</param>
/// <param name="Executing">Calls its grains are at work on.</param>
/// <param name="Unanswered">Calls sent from here, to grains anywhere, that have no answer yet.</param>
/// <param name="Grains">Figures of each grain class that it has or had calls for, by name.</param>
/// <param name="Hot">Its grains with the most calls, at most <see cref="MaxHot"/>.</param>
/// <param name="Awaited">The grains of which most answers are awaited here, at most <see cref="MaxHot"/>.</param>
[GenerateSerializer, Immutable, Alias("control.silo-view")]
public sealed record SiloView(
    [property: Id(0)] string Id,
    [property: Id(1)] string Name,
    [property: Id(2)] string? Address,
    [property: Id(3)] string Engine,
    [property: Id(4)] string Version,
    [property: Id(5)] SiloState State,
    [property: Id(6)] DateTimeOffset StartedAt,
    [property: Id(7)] DateTimeOffset SeenAt,
    [property: Id(8)] SiloProcess Process,
    [property: Id(9)] long Activations,
    [property: Id(10)] long Executing,
    [property: Id(11)] long Unanswered,
    [property: Id(12)] ImmutableArray<GrainFigures> Grains,
    [property: Id(13)] ImmutableArray<HotGrain> Hot,
    [property: Id(14)] ImmutableArray<AwaitedGrain> Awaited)
{
    /// <summary>Most entries of <see cref="Hot"/>, and of <see cref="Awaited"/>.</summary>
    public const int MaxHot = 20;
}

/// <summary>What a silo's process uses.</summary>
/// <param name="ProcessId">Its number on its machine.</param>
/// <param name="Processors">Processors it may use.</param>
/// <param name="CpuSeconds">Processor time since its start.</param>
/// <param name="CpuShare">Processor time per time, of the interval: 1 is one processor fully used.</param>
/// <param name="WorkingSetBytes">Memory that it has in use, as the system counts.</param>
/// <param name="HeapBytes">Managed memory, garbage not yet collected included.</param>
/// <param name="Threads">Threads of its pool.</param>
[GenerateSerializer, Immutable, Alias("control.silo-process")]
public sealed record SiloProcess(
    [property: Id(0)] int ProcessId,
    [property: Id(1)] int Processors,
    [property: Id(2)] double CpuSeconds,
    [property: Id(3)] double CpuShare,
    [property: Id(4)] long WorkingSetBytes,
    [property: Id(5)] long HeapBytes,
    [property: Id(6)] int Threads);

/// <summary>One grain class on one silo.</summary>
/// <param name="Type">The class, as in ids of its grains.</param>
/// <param name="Activations">Its grains in memory.</param>
/// <param name="Calls">Calls that ended, since the silo's start.</param>
/// <param name="Faults">Those among them that ended with an exception.</param>
/// <param name="CallsPerSecond">Calls that ended in the interval, per second.</param>
/// <param name="FaultsPerSecond">Those among them that ended with an exception, per second.</param>
/// <param name="Executing">Calls its grains are at work on.</param>
/// <param name="Unanswered">Calls sent from this silo, to such grains anywhere, that have no answer yet.</param>
/// <param name="Latencies">How many calls of the interval took how long; see <see cref="CallLatency"/>.</param>
[GenerateSerializer, Immutable, Alias("control.grain-figures")]
public sealed record GrainFigures(
    [property: Id(0)] string Type,
    [property: Id(1)] int Activations,
    [property: Id(2)] long Calls,
    [property: Id(3)] long Faults,
    [property: Id(4)] double CallsPerSecond,
    [property: Id(5)] double FaultsPerSecond,
    [property: Id(6)] long Executing,
    [property: Id(7)] long Unanswered,
    [property: Id(8)] ImmutableArray<long> Latencies)
{
    /// <summary>The time within which half of the interval's calls ended, in milliseconds; null without calls.</summary>
    public double? P50Ms => CallLatency.Percentile(Latencies, 0.50);

    /// <summary>The time within which 99 of 100 of the interval's calls ended, in milliseconds; null without calls.</summary>
    public double? P99Ms => CallLatency.Percentile(Latencies, 0.99);
}

/// <summary>A grain with many calls, found without counting all: its rate may be too high, by at most the error.</summary>
/// <param name="Grain">The grain, as <c>class/key</c>.</param>
/// <param name="CallsPerSecond">Calls that ended in the interval, per second.</param>
/// <param name="ErrorPerSecond">How much too high that may be.</param>
[GenerateSerializer, Immutable, Alias("control.hot-grain")]
public sealed record HotGrain(
    [property: Id(0)] string Grain, [property: Id(1)] double CallsPerSecond, [property: Id(2)] double ErrorPerSecond);

/// <summary>A grain whose answers are awaited.</summary>
/// <param name="Grain">The grain, as <c>class/key</c>.</param>
/// <param name="Calls">Calls without an answer yet.</param>
[GenerateSerializer, Immutable, Alias("control.awaited-grain")]
public sealed record AwaitedGrain([property: Id(0)] string Grain, [property: Id(1)] long Calls);

/// <summary>Data of the events of a silo's life.</summary>
/// <param name="Name">Name of its machine.</param>
/// <param name="Address">Where the others reached it; null for a silo that was alone.</param>
/// <param name="StartedAt">When it started.</param>
/// <param name="NoticedBy">The silo that found it lost; null for what it tells itself.</param>
[GenerateSerializer, Immutable, Alias("control.silo-change")]
public sealed record SiloChange(
    [property: Id(0)] string Name,
    [property: Id(1)] string? Address,
    [property: Id(2)] DateTimeOffset StartedAt,
    [property: Id(3)] string? NoticedBy);
