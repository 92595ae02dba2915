using System.Collections.Concurrent;
using System.Collections.Immutable;
using Control.Contracts.Runtime;
using Control.Engine.Runtime;
using Orleans.Runtime;

namespace Control.Silo.Statistics;

/// <summary>
/// Counts the calls of a silo's grains, always and cheaply. Whoever counts takes one of several tallies for a moment, by a
/// single exchange, and goes to the next when somebody else has it: nobody waits for anybody.
/// </summary>
internal sealed class CallCounts
{
    // A grain with more than 1/64 of a silo's calls is always found.
    private const int HotCounters = 64;

    private readonly ConcurrentDictionary<GrainType, ProcessorCount> _executing = new();
    private readonly Slot[] _slots = [.. Enumerable.Range(0, Environment.ProcessorCount * 2).Select(_ => new Slot())];

    /// <summary>A call to a grain of that class begins; give back what it returns when the call ends.</summary>
    public ProcessorCount Begin(GrainType type)
    {
        var executing = _executing.GetOrAdd(type, static _ => new ProcessorCount());
        executing.Add(1);
        return executing;
    }

    /// <summary>The call has ended.</summary>
    public void End(ProcessorCount executing, GrainId grain, TimeSpan duration, bool isFault)
    {
        executing.Add(-1);
        var first = Thread.GetCurrentProcessorId();
        for (var i = 0; ; i++)
        {
            var slot = _slots[(uint)(first + i) % (uint)_slots.Length];
            if (Interlocked.Exchange(ref slot.Tally, null) is not { } tally) continue;
            tally.Count(grain, duration, isFault);
            Volatile.Write(ref slot.Tally, tally);
            return;
        }
    }

    /// <summary>What was counted since the last time it was taken. One taker at a time.</summary>
    public CallSample Take()
    {
        var tallies = Array.ConvertAll(_slots, Take);
        var types = from tally in tallies from one in tally.Types where !IsEngines(one.Key) group one.Value by one.Key.ToString();
        return new CallSample(
            types.ToImmutableDictionary(group => group.Key, TypeTally.Sum),
            [.. SpaceSaving<GrainId>.Merge(Array.ConvertAll(tallies, tally => tally.Hot)).Where(grain => !IsEngines(grain.Key.Type))],
            _executing.Where(one => !IsEngines(one.Key)).ToImmutableDictionary(one => one.Key.ToString(), one => Math.Max(0, one.Value.Value)));
    }

    /// <summary>
    /// Whether it is a part of the engine: Orleans names those so, and not all of their interfaces are told by their names. Looked
    /// at when counts are taken, because it costs too much for every call.
    /// </summary>
    public static bool IsEngines(GrainType type) => type.ToString()!.StartsWith("sys.", StringComparison.Ordinal);

    private static Tally Take(Slot slot)
    {
        // Whoever has it gives it back after some tens of nanoseconds, unless it lost its processor.
        var wait = default(SpinWait);
        while (true)
        {
            if (Interlocked.Exchange(ref slot.Tally, null) is { } tally)
            {
                Volatile.Write(ref slot.Tally, new Tally());
                return tally;
            }

            wait.SpinOnce();
        }
    }

    private sealed class Slot
    {
        public Tally? Tally = new();
    }

    private sealed class Tally
    {
        public Dictionary<GrainType, TypeTally> Types { get; } = [];

        public SpaceSaving<GrainId> Hot { get; } = new(HotCounters);

        public void Count(GrainId grain, TimeSpan duration, bool isFault)
        {
            if (!Types.TryGetValue(grain.Type, out var type)) Types[grain.Type] = type = new TypeTally();
            type.Latencies[CallLatency.BucketOf(duration)]++;
            if (isFault) type.Faults++;
            Hot.Add(grain);
        }
    }
}

/// <summary>Calls to the grains of one class.</summary>
internal sealed class TypeTally
{
    public long[] Latencies { get; } = new long[CallLatency.Buckets];

    public long Calls => Latencies.Sum();

    public long Faults { get; set; }

    public static TypeTally Sum(IEnumerable<TypeTally> parts)
    {
        var sum = new TypeTally();
        foreach (var part in parts)
        {
            sum.Faults += part.Faults;
            for (var i = 0; i < part.Latencies.Length; i++) sum.Latencies[i] += part.Latencies[i];
        }

        return sum;
    }
}

/// <summary>What was counted in an interval.</summary>
/// <param name="Types">Calls that ended, by grain class.</param>
/// <param name="Hot">Grains by calls that ended, those with most first.</param>
/// <param name="Executing">Calls that grains are at work on, by grain class.</param>
internal sealed record CallSample(
    ImmutableDictionary<string, TypeTally> Types, ImmutableArray<Occurrences<GrainId>> Hot, ImmutableDictionary<string, long> Executing);
