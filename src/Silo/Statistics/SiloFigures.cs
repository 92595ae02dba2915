using System.Collections.Immutable;
using System.Reflection;
using Control.Contracts.Runtime;
using Control.Engine.Runtime;
using Control.Grains.Durable;
using Control.Silo.Hosting;
using Orleans.Runtime;

namespace Control.Silo.Statistics;

/// <summary>Where a silo is.</summary>
/// <param name="Name">Name of its machine.</param>
/// <param name="Address">Where the others reach it; null for a silo that is alone.</param>
internal sealed record SiloPlace(string Name, string? Address);

/// <summary>Describes this silo by what was counted since the last time. One caller at a time.</summary>
internal sealed class SiloFigures(SiloIdentity silo, SiloPlace place, CallCounts calls, SentCalls sent, ActivationCounts activations, TimeProvider time)
{
    private static readonly string Version =
        typeof(SiloFigures).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";

    private readonly DateTimeOffset _startedAt = time.GetUtcNow();
    private readonly Dictionary<string, (long Calls, long Faults)> _totals = [];
    private long _measuredAt = time.GetTimestamp();
    private TimeSpan _cpu = Environment.CpuUsage.TotalTime;

    public SiloView Measure()
    {
        var now = time.GetTimestamp();
        var seconds = time.GetElapsedTime(_measuredAt, now).TotalSeconds;
        _measuredAt = now;
        // The sent ones first: a call that ends meanwhile counts as unanswered, not as one more at work than there are.
        var (awaited, others) = sent.Take();
        var sample = calls.Take();
        var grains = Grains(sample, awaited, activations.Take(), seconds);
        return new SiloView(
            silo.BootId, place.Name, place.Address, GrainRuntime.Name, Version, SiloState.Active, _startedAt, time.GetUtcNow(), Process(seconds),
            grains.Sum(grain => grain.Activations),
            grains.Sum(grain => grain.Executing),
            awaited.Sum(grain => grain.Value) + others,
            grains,
            Hot(sample.Hot, seconds),
            [.. awaited.Take(SiloView.MaxHot).Select(grain => new AwaitedGrain(Text(grain.Key), grain.Value))]);
    }

    private ImmutableArray<GrainFigures> Grains(
        CallSample sample, ImmutableArray<KeyValuePair<GrainId, long>> awaited, ImmutableDictionary<string, int> active, double seconds)
    {
        foreach (var (type, tally) in sample.Types)
        {
            var before = _totals.GetValueOrDefault(type);
            _totals[type] = (before.Calls + tally.Calls, before.Faults + tally.Faults);
        }

        var unanswered = awaited.ToLookup(grain => grain.Key.Type.ToString(), grain => grain.Value);
        var types = _totals.Keys.Concat(active.Keys).Concat(unanswered.Select(type => type.Key)).Concat(sample.Executing.Keys);
        return
        [
            .. from type in types.Distinct().Order(StringComparer.Ordinal)
               let total = _totals.GetValueOrDefault(type)
               let tally = sample.Types.GetValueOrDefault(type) ?? new TypeTally()
               select new GrainFigures(
                   type, active.GetValueOrDefault(type), total.Calls, total.Faults, Rate(tally.Calls, seconds), Rate(tally.Faults, seconds),
                   sample.Executing.GetValueOrDefault(type), unanswered[type].Sum(), Trim(tally.Latencies)),
        ];
    }

    // Without what may as well have been none: with many grains of few calls each, counts are mostly error.
    private static ImmutableArray<HotGrain> Hot(ImmutableArray<Occurrences<GrainId>> grains, double seconds) =>
    [
        .. grains.Where(grain => grain.AtLeast > 0).OrderByDescending(grain => grain.AtLeast).Take(SiloView.MaxHot)
            .Select(grain => new HotGrain(Text(grain.Key), Rate(grain.Count, seconds), Rate(grain.Error, seconds))),
    ];

    private SiloProcess Process(double seconds)
    {
        var before = _cpu;
        _cpu = Environment.CpuUsage.TotalTime;
        return new SiloProcess(
            Environment.ProcessId, Environment.ProcessorCount, Math.Round(_cpu.TotalSeconds, 3), Rate((_cpu - before).TotalSeconds, seconds),
            Environment.WorkingSet, GC.GetTotalMemory(forceFullCollection: false), ThreadPool.ThreadCount);
    }

    // Keys can be long; lists show their beginning.
    private static string Text(GrainId grain) => grain.ToString() is { Length: > 200 } text ? string.Concat(text.AsSpan(0, 199), "…") : grain.ToString();

    private static double Rate(double count, double seconds) => seconds > 0 ? Math.Round(count / seconds, 3) : 0;

    private static ImmutableArray<long> Trim(long[] counts) => [.. counts.AsSpan(0, Array.FindLastIndex(counts, count => count > 0) + 1)];
}
