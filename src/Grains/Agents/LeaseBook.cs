namespace Control.Grains.Agents;

/// <summary>
/// What an agent's grain knows, in memory, of the leases its agent has: which are still to be handed over, which to be
/// stopped. Runs own the truth; this is rebuilt from their rows on activation and from what the agent says it holds.
/// </summary>
internal sealed class LeaseBook(AgentTimings timings)
{
    // A stop that the agent has not confirmed is repeated this often.
    private static readonly TimeSpan RepeatStopAfter = TimeSpan.FromSeconds(5);

    private readonly Dictionary<LeaseRef, Entry> _entries = [];
    private readonly Dictionary<AttemptId, DateTimeOffset> _reserved = [];

    /// <summary>Leases of the agent, handed over or not.</summary>
    public int Count => _entries.Count;

    public IEnumerable<LeaseRef> Leases => _entries.Keys;

    public bool Knows(LeaseRef lease) => _entries.ContainsKey(lease);

    /// <summary>True when the next poll has something to take with it.</summary>
    public bool HasNews => _entries.Values.Any(entry => entry.Undelivered is not null || entry is { StopWanted: true, StopSentAt: null });

    /// <summary>A lease that the runs' rows or the agent know of; whether the agent has it shows when it next speaks.</summary>
    public void Track(LeaseRef lease, TimeSpan lostAfter, bool stopping) =>
        _entries.TryAdd(lease, new Entry(lostAfter) { StopWanted = stopping });

    /// <summary>New work to hand over.</summary>
    public void Deliver(Assignment assignment)
    {
        var lease = new LeaseRef(assignment.Attempt, assignment.Lease);
        _reserved.Remove(assignment.Attempt);
        _entries[lease] = new Entry(TimeSpan.FromSeconds(assignment.LostAfterSeconds)) { Undelivered = assignment };
    }

    public void WantStop(LeaseRef lease)
    {
        if (_entries.TryGetValue(lease, out var entry))
        {
            entry.StopWanted = true;
        }
    }

    public void Remove(LeaseRef lease) => _entries.Remove(lease);

    public void Reserve(AttemptId attempt, DateTimeOffset now) => _reserved[attempt] = now + timings.ReservationLimit;

    public void Unreserve(AttemptId attempt) => _reserved.Remove(attempt);

    /// <summary>Slots that are spoken for although the agent did not know so when it last spoke.</summary>
    public int Claimed(IReadOnlySet<LeaseRef> holding, DateTimeOffset now)
    {
        foreach (var expired in _reserved.Where(pair => pair.Value <= now).Select(pair => pair.Key).ToList())
        {
            _reserved.Remove(expired);
        }

        return _reserved.Count + _entries.Keys.Count(lease => !holding.Contains(lease));
    }

    /// <summary>Leases handed over in an answer to a message older than <paramref name="sequence"/>, yet not held: the answer was lost.</summary>
    public List<LeaseRef> Missing(IReadOnlySet<LeaseRef> holding, long sequence) =>
        [.. _entries.Where(pair => pair.Value.Undelivered is null && pair.Value.DeliveredWith < sequence && !holding.Contains(pair.Key))
            .Select(pair => pair.Key)];

    /// <summary>Leases that an earlier boot may have begun: all that were handed over and that this boot does not hold.</summary>
    public List<LeaseRef> Delivered(IReadOnlySet<LeaseRef> holding) =>
        [.. _entries.Where(pair => pair.Value.Undelivered is null && !holding.Contains(pair.Key)).Select(pair => pair.Key)];

    /// <summary>Takes out what the agent is to be told now; <paramref name="newest"/> is the newest message seen of it.</summary>
    public (ImmutableArray<Assignment> Start, ImmutableArray<LeaseRef> Stop) TakeOrders(long newest, DateTimeOffset now)
    {
        var start = ImmutableArray.CreateBuilder<Assignment>();
        var stop = ImmutableArray.CreateBuilder<LeaseRef>();
        foreach (var (lease, entry) in _entries)
        {
            if (entry.Undelivered is { } assignment)
            {
                start.Add(assignment);
                entry.Undelivered = null;
                entry.DeliveredWith = newest;
            }

            if (entry.StopWanted && (entry.StopSentAt is not { } sent || sent + RepeatStopAfter <= now))
            {
                stop.Add(lease);
                entry.StopSentAt = now;
            }
        }

        return (start.ToImmutable(), stop.ToImmutable());
    }

    /// <summary>Leases whose job allows no longer silence than <paramref name="silence"/>.</summary>
    public List<LeaseRef> LostAfter(TimeSpan silence) =>
        [.. _entries.Where(pair => pair.Value.LostAfter <= silence).Select(pair => pair.Key)];

    /// <summary>The shortest silence that loses something; null when nothing is held.</summary>
    public TimeSpan? ShortestLostAfter => _entries.Count == 0 ? null : _entries.Values.Min(entry => entry.LostAfter);

    private sealed class Entry(TimeSpan lostAfter)
    {
        public TimeSpan LostAfter { get; } = lostAfter;

        public Assignment? Undelivered { get; set; }

        public long DeliveredWith { get; set; } = -1;

        public bool StopWanted { get; set; }

        public DateTimeOffset? StopSentAt { get; set; }
    }
}
