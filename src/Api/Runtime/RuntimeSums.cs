using Control.Contracts.Runtime;

namespace Control.Api.Runtime;

/// <summary>Adds up what silos tell.</summary>
internal static class RuntimeSums
{
    /// <summary>Most hot grains shown.</summary>
    public const int MaxHot = 100;

    /// <summary>Every grain class, by name.</summary>
    public static ImmutableArray<GrainTypeView> GrainTypes(IEnumerable<SiloView> silos) =>
    [
        .. silos.SelectMany(silo => silo.Grains).GroupBy(grain => grain.Type).OrderBy(type => type.Key, StringComparer.Ordinal)
            .Select(type => Sum(type.Key, [.. type])),
    ];

    /// <summary>The grains with most calls first, then those that most calls wait for; at most <see cref="MaxHot"/>.</summary>
    public static ImmutableArray<HotGrainView> HotGrains(IReadOnlyCollection<SiloView> silos)
    {
        var calls = silos.SelectMany(silo => silo.Hot.Select(grain => (Silo: silo.Id, Grain: grain))).ToLookup(hot => hot.Grain.Grain);
        var awaited = silos.SelectMany(silo => silo.Awaited).ToLookup(grain => grain.Grain, grain => grain.Calls);
        var grains = calls.Select(grain => grain.Key).Union(awaited.Select(grain => grain.Key));
        return
        [
            .. grains.Select(grain => Merge(grain, [.. calls[grain]], awaited[grain].Sum()))
                .OrderByDescending(grain => grain.CallsPerSecond).ThenByDescending(grain => grain.Unanswered)
                .ThenBy(grain => grain.Grain, StringComparer.Ordinal).Take(MaxHot),
        ];
    }

    private static GrainTypeView Sum(string type, ImmutableArray<GrainFigures> parts)
    {
        var latencies = CallLatency.Sum(parts.Select(part => part.Latencies));
        var executing = parts.Sum(part => part.Executing);
        return new GrainTypeView(
            type,
            parts.Count(part => part.Activations > 0),
            parts.Sum(part => (long)part.Activations),
            parts.Sum(part => part.Calls),
            parts.Sum(part => part.Faults),
            Round(parts.Sum(part => part.CallsPerSecond)),
            Round(parts.Sum(part => part.FaultsPerSecond)),
            CallLatency.Percentile(latencies, 0.50),
            CallLatency.Percentile(latencies, 0.99),
            executing,
            Math.Max(0, parts.Sum(part => part.Unanswered) - executing));
    }

    // A grain that moved in the interval had calls on two silos: it is where most were.
    private static HotGrainView Merge(string grain, ImmutableArray<(string Silo, HotGrain Grain)> parts, long unanswered) => new(
        grain,
        parts.IsEmpty ? null : parts.MaxBy(part => part.Grain.CallsPerSecond).Silo,
        Round(parts.Sum(part => part.Grain.CallsPerSecond)),
        Round(parts.Sum(part => part.Grain.ErrorPerSecond)),
        unanswered);

    private static double Round(double rate) => Math.Round(rate, 3);
}
