namespace Control.Engine.Runtime;

/// <summary>
/// Finds what occurs most often in a stream with a fixed number of counters: the Space-Saving algorithm of A. Metwally,
/// D. Agrawal and A. El Abbadi, "Efficient computation of frequent and top-k elements in data streams", ICDT 2005. With m
/// counters and n additions, every count is too high by at most its error, no error exceeds n/m, and whatever occurred more
/// than n/m times has a counter. One thread at a time.
/// </summary>
/// <typeparam name="TKey">What is counted; its hash must be cheap.</typeparam>
public sealed class SpaceSaving<TKey>
    where TKey : notnull, IEquatable<TKey>
{
    private readonly TKey[] _keys;
    private readonly int[] _hashes;
    private readonly long[] _counts;
    private readonly long[] _errors;
    private int _used;
    private int _cursor;
    private long _least;

    /// <param name="counters">m, 1 to 4,096.</param>
    public SpaceSaving(int counters)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(counters, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(counters, 4096);
        (_keys, _hashes, _counts, _errors) = (new TKey[counters], new int[counters], new long[counters], new long[counters]);
    }

    /// <summary>n, the additions so far.</summary>
    public long Total { get; private set; }

    /// <summary>How often what has no counter occurred at most.</summary>
    public long Unseen => _used < _keys.Length ? 0 : _counts.Min();

    /// <summary>Counts one occurrence.</summary>
    public void Add(TKey key)
    {
        Total++;
        var hash = key.GetHashCode();
        var counter = Find(key, hash);
        if (counter < 0)
        {
            counter = TakeCounter();
            (_keys[counter], _hashes[counter]) = (key, hash);
        }

        _counts[counter]++;
    }

    /// <summary>What has a counter.</summary>
    public IEnumerable<Occurrences<TKey>> Counts() => Enumerable.Range(0, _used).Select(i => new Occurrences<TKey>(_keys[i], _counts[i], _errors[i]));

    /// <summary>
    /// The counts of several streams together, the highest first. Where one has no counter for a key, the key may have
    /// occurred up to <see cref="Unseen"/> times in it; so the bounds hold for the sum of the streams (P. K. Agarwal and
    /// others, "Mergeable summaries", PODS 2012).
    /// </summary>
    public static ImmutableArray<Occurrences<TKey>> Merge(IReadOnlyCollection<SpaceSaving<TKey>> streams)
    {
        ArgumentNullException.ThrowIfNull(streams);
        var unseen = streams.Sum(stream => stream.Unseen);
        var counts = new Dictionary<TKey, Occurrences<TKey>>();
        foreach (var stream in streams)
        {
            foreach (var one in stream.Counts())
            {
                var before = counts.GetValueOrDefault(one.Key, new Occurrences<TKey>(one.Key, unseen, unseen));
                counts[one.Key] = before with { Count = before.Count + one.Count - stream.Unseen, Error = before.Error + one.Error - stream.Unseen };
            }
        }

        return [.. counts.Values.OrderByDescending(one => one.Count)];
    }

    private int Find(TKey key, int hash)
    {
        var hashes = _hashes.AsSpan(0, _used);
        for (var i = 0; ; i++)
        {
            var next = hashes[i..].IndexOf(hash);
            if (next < 0) return -1;
            i += next;
            if (_keys[i].Equals(key)) return i;
        }
    }

    // A free one; else that of a key with the lowest count, which is what the new one may have had.
    private int TakeCounter()
    {
        if (_used < _keys.Length) return _used++;
        var least = FindLeast();
        _errors[least] = _counts[least];
        return least;
    }

    // Counts only grow: once those with the lowest have been found one after the other, the next lowest is looked for.
    private int FindLeast()
    {
        while (true)
        {
            for (var i = 0; i < _counts.Length; i++)
            {
                _cursor = _cursor + 1 < _counts.Length ? _cursor + 1 : 0;
                if (_counts[_cursor] == _least) return _cursor;
            }

            _least = _counts.Min();
        }
    }
}

/// <summary>How often something occurred.</summary>
/// <param name="Key">What.</param>
/// <param name="Count">How often at most.</param>
/// <param name="Error">How much too high that may be.</param>
public readonly record struct Occurrences<TKey>(TKey Key, long Count, long Error)
{
    /// <summary>How often at least.</summary>
    public long AtLeast => Count - Error;
}
