namespace Control.Runtime.Activations;

/// <summary>
/// Decides which requests of one activation run side by side, and holds those that wait, in order. Touched only by the
/// activation's turns. Stricter than Orleans in one point: a method that is not read-only waits for all read-only ones.
/// </summary>
internal struct Admission
{
    private bool _exclusive;
    private int _readers;
    private int _running;
    private Turn? _first;
    private Turn? _last;
    private int _waiting;
    private int _waitingReaders;

    /// <summary>How many requests have begun and not ended.</summary>
    public readonly int Running => _running;

    /// <summary>How many requests wait. Read by callers without a barrier: the limit on it is soft.</summary>
    public readonly int Waiting => _waiting;

    /// <summary>Takes up a request that may begin now.</summary>
    public bool TryBegin(CallMixing mixing)
    {
        var free = mixing switch
        {
            CallMixing.Always => true,
            CallMixing.ReadOnly => !_exclusive,
            _ => !_exclusive && _readers == 0,
        };
        if (!free) return false;
        _running++;
        if (mixing == CallMixing.ReadOnly) _readers++;
        if (mixing == CallMixing.Exclusive) _exclusive = true;
        return true;
    }

    /// <summary>Notes that a request ended.</summary>
    public void End(CallMixing mixing)
    {
        _running--;
        if (mixing == CallMixing.ReadOnly) _readers--;
        if (mixing == CallMixing.Exclusive) _exclusive = false;
    }

    /// <summary>Lets a request wait.</summary>
    public void Hold(Turn turn, CallMixing mixing)
    {
        turn.Next = null;
        if (_last is null) _first = turn;
        else _last.Next = turn;
        _last = turn;
        _waiting++;
        if (mixing == CallMixing.ReadOnly) _waitingReaders++;
    }

    /// <summary>The next request that may begin now, begun; null when none may.</summary>
    public Turn? Next(GrainClass grainClass)
    {
        if (_first is null) return null;
        if (TryBegin(grainClass.MixingOf(_first))) return Unlink(null, _first, grainClass);

        // Read-only requests overtake others while read-only ones run: they may be what those wait for.
        if (_exclusive || _waitingReaders == 0) return null;
        var before = _first;
        while (grainClass.MixingOf(before.Next!) != CallMixing.ReadOnly) before = before.Next!;
        TryBegin(CallMixing.ReadOnly);
        return Unlink(before, before.Next!, grainClass);
    }

    /// <summary>The longest waiting request, whether it may begin or not; null when none waits.</summary>
    public Turn? Release(GrainClass grainClass) => _first is null ? null : Unlink(null, _first, grainClass);

    private Turn Unlink(Turn? before, Turn turn, GrainClass grainClass)
    {
        if (before is null) _first = turn.Next;
        else before.Next = turn.Next;
        if (ReferenceEquals(_last, turn)) _last = before;
        turn.Next = null;
        _waiting--;
        if (grainClass.MixingOf(turn) == CallMixing.ReadOnly) _waitingReaders--;
        return turn;
    }
}
