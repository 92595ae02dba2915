namespace Control.Grains.Agents;

/// <summary>
/// The queued attempts of a pool, in memory: what the last read of SQL found, and what hints brought since. A read replaces
/// what was known before it began, so attempts that were cancelled while they waited do not pile up.
/// </summary>
internal sealed class PoolQueue
{
    /// <summary>Most attempts that one read brings.</summary>
    public const int Limit = 1_000;

    private readonly Dictionary<AttemptId, long> _waiting = [];
    private readonly HashSet<AttemptId> _taken = [];
    private LinkedList<AttemptId> _order = new();
    private long _reads;

    /// <summary>True when nothing waits here.</summary>
    public bool IsEmpty => _order.Count == 0;

    /// <summary>True when the last read did not bring everything.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>Adds what a hint named, unless it waits or is being handed over already.</summary>
    public void Add(ImmutableArray<AttemptId> attempts)
    {
        foreach (var attempt in attempts)
        {
            if (!_taken.Contains(attempt) && _waiting.TryAdd(attempt, _reads))
            {
                _order.AddLast(attempt);
            }
        }
    }

    /// <summary>To be called before reading; the number goes to <see cref="EndRead"/>.</summary>
    public long BeginRead() => ++_reads;

    /// <summary>Takes in what was read: it comes first, in its order, then hints that came while it was being read.</summary>
    public void EndRead(long read, ImmutableArray<AttemptId> rows)
    {
        var hints = _order.Where(attempt => _waiting[attempt] >= read).ToImmutableArray();
        _order = new LinkedList<AttemptId>();
        _waiting.Clear();
        Add(rows);
        Add(hints);

        // A read that brought nothing but what is being handed over already would only be read again and again.
        IsPartial = rows.Length == Limit && _order.Count > 0;
    }

    /// <summary>Takes the first for a hand-over.</summary>
    public AttemptId Take()
    {
        var attempt = _order.First!.Value;
        _order.RemoveFirst();
        _waiting.Remove(attempt);
        _taken.Add(attempt);
        return attempt;
    }

    /// <summary>A hand-over is through; when it failed the attempt is the first again.</summary>
    public void Release(AttemptId attempt, bool isQueued)
    {
        _taken.Remove(attempt);
        if (isQueued && _waiting.TryAdd(attempt, _reads))
        {
            _order.AddFirst(attempt);
        }
    }
}
