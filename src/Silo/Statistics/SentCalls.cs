using System.Collections.Immutable;
using Orleans;
using Orleans.Runtime;

namespace Control.Silo.Statistics;

/// <summary>
/// Counts, per grain, the calls sent from this silo that have no answer yet. What all silos have sent to a grain, less what it
/// is at work on, is on the way or waits in its mailbox; the engines themselves do not tell alike how long those are.
/// </summary>
internal sealed class SentCalls : IOutgoingGrainCallFilter
{
    // As many grains can be told apart at a time; calls to further ones are counted together.
    private const int Slots = 16_384;
    private const int Ways = 4;

    private readonly Entry?[] _slots = new Entry?[Slots];
    private readonly Entry _others = new(default);

    public Task Invoke(IOutgoingGrainCallContext context) => CallStatistics.IsEngines(context) ? context.Invoke() : CountAsync(context);

    /// <summary>The grains with unanswered calls, those with most first, and how many calls to further ones there are.</summary>
    public (ImmutableArray<KeyValuePair<GrainId, long>> Grains, long Others) Take()
    {
        var grains = new Dictionary<GrainId, long>();
        foreach (var entry in _slots)
        {
            if (entry is { Count: > 0 and var count } && !CallCounts.IsEngines(entry.Grain.Type)) grains[entry.Grain] = grains.GetValueOrDefault(entry.Grain) + count;
        }

        return ([.. grains.OrderByDescending(one => one.Value)], _others.Count);
    }

    private async Task CountAsync(IOutgoingGrainCallContext context)
    {
        var entry = Enter(context.TargetId);
        try
        {
            await context.Invoke();
        }
        finally
        {
            entry.Leave();
        }
    }

    private Entry Enter(GrainId grain)
    {
        var first = grain.GetHashCode();
        for (var way = 0; way < Ways; way++)
        {
            if (_slots[(first + way) & (Slots - 1)] is not { } entry) break;
            if (entry.Grain.Equals(grain) && entry.TryEnter()) return entry;
        }

        return EnterAnew(grain, first);
    }

    // Takes an empty place, or that of a grain without calls. Two threads may do so for one grain at once; their sum counts.
    private Entry EnterAnew(GrainId grain, int first)
    {
        var made = new Entry(grain);
        made.TryEnter();
        for (var way = 0; way < Ways; way++)
        {
            ref var slot = ref _slots[(first + way) & (Slots - 1)];
            var found = Volatile.Read(ref slot);
            if (found?.TryRetire() == false) continue;
            if (Interlocked.CompareExchange(ref slot, made, found) == found) return made;
        }

        _others.TryEnter();
        return _others;
    }

    /// <summary>The unanswered calls to one grain; below zero once another grain has its place.</summary>
    private sealed class Entry(GrainId grain)
    {
        private int _count;

        public GrainId Grain => grain;

        public int Count => Volatile.Read(ref _count);

        public bool TryEnter()
        {
            var count = Volatile.Read(ref _count);
            while (count >= 0)
            {
                var found = Interlocked.CompareExchange(ref _count, count + 1, count);
                if (found == count) return true;
                count = found;
            }

            return false;
        }

        public void Leave() => Interlocked.Decrement(ref _count);

        public bool TryRetire() => Interlocked.CompareExchange(ref _count, -1, 0) == 0;
    }
}
