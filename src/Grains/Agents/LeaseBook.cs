namespace Control.Grains.Agents;

/// <summary>
/// What an agent's grain knows, in memory, of the leases its agent has: which are still to be handed over, which to be
/// stopped, which to be given up. Runs own the truth; this is rebuilt from their rows and from what the agent says it holds.
/// </summary>
internal sealed class LeaseBook(AgentTimings timings)
{
    // A stop that the agent has not confirmed is repeated this often.
    private static readonly TimeSpan RepeatStopAfter = TimeSpan.FromSeconds(5);

    private readonly Dictionary<LeaseRef, Entry> _entries = [];
    private readonly Dictionary<AttemptId, DateTimeOffset> _reserved = [];

    /// <summary>Leases of the agent, handed over or not.</summary>
    public int Count => _entries.Count;

    /// <summary>True when the next poll has something to take with it.</summary>
    public bool HasNews => _entries.Values.Any(
        entry => entry.LostReason is null && (entry.Undelivered is not null || entry is { StopWanted: true, StopSentAt: null }));

    /// <summary>Leases that are given up, while their runs have not confirmed it.</summary>
    public ImmutableArray<(LeaseRef Lease, string Reason)> GivenUp =>
        [.. _entries.Where(pair => pair.Value.LostReason is not null).Select(pair => (pair.Key, pair.Value.LostReason!))];

    /// <summary>The shortest silence that loses something; null when nothing is held.</summary>
    public TimeSpan? ShortestLostAfter => _entries.Count == 0 ? null : _entries.Values.Min(entry => entry.LostAfter);

    public bool Knows(LeaseRef lease) => _entries.ContainsKey(lease);

    /// <summary>A lease that the runs' rows or the agent know of; whether the agent has it shows when it next speaks.</summary>
    public void Track(LeaseRef lease, TimeSpan lostAfter, bool stopping)
    {
        _entries.TryAdd(lease, new Entry(lostAfter));
        _entries[lease].StopWanted |= stopping;
    }

    /// <summary>Work to hand over. A stop may have come before it, and stays wanted.</summary>
    public void Deliver(Assignment assignment)
    {
        var lease = new LeaseRef(assignment.Attempt, assignment.Lease);
        _reserved.Remove(assignment.Attempt);
        Track(lease, TimeSpan.FromSeconds(assignment.LostAfterSeconds), stopping: false);
        _entries[lease].Undelivered = assignment;
    }

    public void Remove(LeaseRef lease) => _entries.Remove(lease);

    public void Reserve(AttemptId attempt, DateTimeOffset now) => _reserved[attempt] = now + timings.ReservationLimit;

    public void Unreserve(AttemptId attempt) => _reserved.Remove(attempt);

    /// <summary>Gives up reservations of which nothing was heard; true when there were any.</summary>
    public bool DropExpired(DateTimeOffset now)
    {
        var expired = _reserved.Where(pair => pair.Value <= now).Select(pair => pair.Key).ToList();
        expired.ForEach(attempt => _reserved.Remove(attempt));
        return expired.Count > 0;
    }

    /// <summary>Slots that are spoken for although the agent did not know so when it last spoke.</summary>
    public int Claimed(IReadOnlySet<LeaseRef> holding, DateTimeOffset now) =>
        _reserved.Values.Count(until => until > now) + _entries.Keys.Count(lease => !holding.Contains(lease));

    /// <summary>Leases handed over in an answer to a message older than <paramref name="sequence"/>, yet not held: the answer was lost.</summary>
    public List<LeaseRef> Missing(IReadOnlySet<LeaseRef> holding, long sequence) =>
    [
        .. _entries
            .Where(pair => pair.Value is { Undelivered: null, LostReason: null } && pair.Value.DeliveredWith < sequence && !holding.Contains(pair.Key))
            .Select(pair => pair.Key),
    ];

    /// <summary>Gives up what an earlier boot may have begun: all that was handed over and that the present boot does not hold.</summary>
    public void LoseEarlierBoot(IReadOnlySet<LeaseRef> holding) => Lose(
        Reasons.AgentRestarted, (lease, entry) => entry.Undelivered is null && !holding.Contains(lease));

    /// <summary>Gives up the leases whose job allows no longer silence than <paramref name="silence"/>.</summary>
    public void LoseSilent(TimeSpan silence) => Lose(Reasons.AgentLost, (_, entry) => entry.LostAfter <= silence);

    /// <summary>Gives up everything: the agent will not speak again.</summary>
    public void LoseAll() => Lose(Reasons.AgentLost, (_, _) => true);

    /// <summary>Takes out what the agent is to be told now; <paramref name="newest"/> is the newest message seen of it.</summary>
    public (ImmutableArray<Assignment> Start, ImmutableArray<LeaseRef> Stop) TakeOrders(long newest, DateTimeOffset now)
    {
        var start = ImmutableArray.CreateBuilder<Assignment>();
        var stop = ImmutableArray.CreateBuilder<LeaseRef>();
        foreach (var (lease, entry) in _entries.Where(pair => pair.Value.LostReason is null))
        {
            if (entry.Undelivered is { } assignment)
            {
                entry.Undelivered = null;
                entry.DeliveredWith = newest;
                if (!entry.StopWanted)
                {
                    start.Add(assignment);
                }
            }

            if (entry.StopWanted && (entry.StopSentAt is not { } sent || sent + RepeatStopAfter <= now))
            {
                stop.Add(lease);
                entry.StopSentAt = now;
            }
        }

        return (start.ToImmutable(), stop.ToImmutable());
    }

    private void Lose(string reason, Func<LeaseRef, Entry, bool> which)
    {
        foreach (var (lease, entry) in _entries)
        {
            if (which(lease, entry))
            {
                entry.LostReason ??= reason;
            }
        }
    }

    private sealed class Entry(TimeSpan lostAfter)
    {
        public TimeSpan LostAfter { get; } = lostAfter;

        public Assignment? Undelivered { get; set; }

        public long DeliveredWith { get; set; } = -1;

        public bool StopWanted { get; set; }

        public DateTimeOffset? StopSentAt { get; set; }

        public string? LostReason { get; set; }
    }
}
