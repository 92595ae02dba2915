namespace Control.Grains.Agents;

/// <summary>
/// The queued attempts of a pool, in memory: what the last read of SQL found, and what hints brought since. A read replaces
/// what was known before it began, so attempts that were cancelled while they waited do not pile up. Workspaces take turns,
/// one attempt each, so that none has to wait until another's long queue is through.
/// </summary>
internal sealed class PoolQueue
{
    /// <summary>Most attempts that one read brings, however many workspaces wait; but see <see cref="Share"/>.</summary>
    public const int Limit = 1_000;

    // Of each workspace at least so many, so that a read is worth its while.
    private const int LeastShare = 10;

    private readonly Dictionary<AttemptId, long> _waiting = [];
    private readonly HashSet<AttemptId> _taken = [];
    private readonly Dictionary<string, LinkedList<AttemptId>> _lines = [];
    private readonly LinkedList<string> _turns = [];
    private ImmutableHashSet<string> _held = [];
    private long _reads;

    /// <summary>True when nothing waits here.</summary>
    public bool IsEmpty => _turns.Count == 0;

    /// <summary>True when the last read did not bring everything.</summary>
    public bool IsPartial { get; private set; }

    /// <summary>Adds what a hint named, unless it waits or is being handed over already, or its workspace is held.</summary>
    public void Add(ImmutableArray<AttemptId> attempts)
    {
        foreach (var attempt in attempts)
        {
            if (!_taken.Contains(attempt) && !_held.Contains(Workspace(attempt)) && _waiting.TryAdd(attempt, _reads))
            {
                Line(attempt).AddLast(attempt);
            }
        }
    }

    /// <summary>How many attempts a read brings of each of so many workspaces.</summary>
    public static int Share(int workspaces) => Math.Max(Limit / Math.Max(workspaces, 1), LeastShare);

    /// <summary>To be called before reading; the number goes to <see cref="EndRead"/>.</summary>
    public long BeginRead() => ++_reads;

    /// <summary>Takes in what was read: it comes first, in its order, then hints that came while it was being read.</summary>
    /// <param name="read">The number that <see cref="BeginRead"/> gave.</param>
    /// <param name="rows">What was found.</param>
    /// <param name="held">Workspaces whose attempts are to wait; until the next read.</param>
    /// <param name="share">As many of a workspace may not be all that there are of it.</param>
    public void EndRead(long read, ImmutableArray<AttemptId> rows, ImmutableHashSet<string>? held = null, int share = Limit)
    {
        var hints = _lines.Values.SelectMany(line => line).Where(attempt => _waiting[attempt] >= read).ToImmutableArray();
        var turns = _turns.ToList();
        _held = held ?? [];
        _waiting.Clear();
        _lines.Clear();
        _turns.Clear();
        Add(rows);
        Add(hints);
        KeepTurns(turns);

        // A read that brought nothing but what is being handed over already would only be read again and again.
        IsPartial = !IsEmpty && rows.GroupBy(Workspace).Any(line => line.Count() >= share);
    }

    /// <summary>Takes the first of the workspace whose turn it is for a hand-over.</summary>
    public AttemptId Take()
    {
        var workspace = _turns.First!.Value;
        var line = _lines[workspace];
        var attempt = line.First!.Value;
        line.RemoveFirst();
        _turns.RemoveFirst();
        if (line.Count > 0)
        {
            _turns.AddLast(workspace);
        }
        else
        {
            _lines.Remove(workspace);
        }

        _waiting.Remove(attempt);
        _taken.Add(attempt);
        return attempt;
    }

    /// <summary>A hand-over is through; when it failed the attempt is the first of its workspace again.</summary>
    public void Release(AttemptId attempt, bool isQueued)
    {
        _taken.Remove(attempt);
        if (isQueued && !_held.Contains(Workspace(attempt)) && _waiting.TryAdd(attempt, _reads))
        {
            Line(attempt).AddFirst(attempt);
        }
    }

    private LinkedList<AttemptId> Line(AttemptId attempt)
    {
        var workspace = Workspace(attempt);
        if (!_lines.TryGetValue(workspace, out var line))
        {
            _lines.Add(workspace, line = new LinkedList<AttemptId>());
            _turns.AddLast(workspace);
        }

        return line;
    }

    // A read must not put first again whoever just had a turn.
    private void KeepTurns(List<string> before)
    {
        var now = before.Where(_lines.ContainsKey).Concat(_turns).Distinct().ToList();
        _turns.Clear();
        now.ForEach(workspace => _turns.AddLast(workspace));
    }

    private static string Workspace(AttemptId attempt) => attempt.Run.Pipeline.Workspace;
}
