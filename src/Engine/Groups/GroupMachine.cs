using Control.Contracts.Groups;

namespace Control.Engine.Groups;

/// <summary>What a batch of events made of a group: the next state, the rows that changed and went, and whom to answer.</summary>
/// <param name="Next">The next state.</param>
/// <param name="Changed">Claims that were made or changed.</param>
/// <param name="Removed">Claims that are over.</param>
/// <param name="Answers">To be given after the commit; each may be lost and is given again by <see cref="GroupMachine.Tick"/>.</param>
public sealed record GroupChange(
    GroupModel Next, ImmutableArray<ClaimRecord> Changed, ImmutableArray<ClaimRef> Removed, ImmutableArray<GroupAnswer> Answers)
{
    /// <summary>True when there is nothing to commit; there may still be somebody to answer.</summary>
    public bool IsEmpty => Changed.IsEmpty && Removed.IsEmpty;
}

/// <summary>An answer and whom to give it.</summary>
/// <param name="Claim">The claim.</param>
/// <param name="Answer">What its run is told.</param>
public sealed record GroupAnswer(ClaimRef Claim, ClaimAnswer Answer);

/// <summary>
/// The state machine of a concurrency group. Claims wait in the order of their runs' creation; the first gets a place as soon
/// as neither its own limit nor that of any holder is exceeded by it, so a claim with a low limit is not overtaken for ever.
/// </summary>
/// <remarks>Claim: Waiting → Holding → gone; or Waiting → gone. Both can be superseded first, which their run answers by ending.</remarks>
public sealed class GroupMachine
{
    /// <summary>Most claims that wait in one group.</summary>
    public const int MaxWaiting = 10_000;

    private const int RememberedWithdrawals = 100;

    // A run that is created when the limit has just been changed may still have read the one before.
    private static readonly TimeSpan StartWithin = TimeSpan.FromSeconds(30);

    private readonly DateTimeOffset _now;
    private readonly Dictionary<ClaimRef, ClaimRecord> _changed = [];
    private readonly HashSet<ClaimRef> _removed = [];
    private readonly List<GroupAnswer> _answers = [];
    private GroupModel _model;

    /// <summary>A machine at the given state and time.</summary>
    public GroupMachine(GroupModel model, DateTimeOffset now)
    {
        _model = model;
        _now = now;
    }

    /// <summary>How many claims wait.</summary>
    public int Waiting => _model.Waiting.Count;

    /// <summary>Everything since the machine was made.</summary>
    public GroupChange Seal() => new(_model, [.. _changed.Values], [.. _removed], [.. _answers]);

    /// <summary>A run asks for a place. What is known already is answered again.</summary>
    public void Claim(GroupClaim claim)
    {
        if (_model.Withdrawn.Contains(claim.Claim))
        {
            return;
        }

        if (_model.Find(claim.Claim) is { } known)
        {
            Tell(known);
            return;
        }

        var record = new ClaimRecord(claim.Claim, claim.Part, claim.Since, LimitOf(claim), claim.Overflow, _now, null, null);
        var mustWait = !_model.Waiting.IsEmpty || !HasRoom(record);
        if (mustWait && Refuses(claim) is { } refusal)
        {
            Tell(claim.Claim, ClaimVerdict.Rejected, refusal);
            return;
        }

        Set(record);
        if (claim.Overflow == GroupOverflow.CancelOldest)
        {
            Supersede(record);
        }

        Grant();
    }

    /// <summary>
    /// A run gives its place back, or waits no more. Messages can overtake each other: a claim that comes behind its own release
    /// counts for nothing, or it could have an older run cancelled for nobody.
    /// </summary>
    public void Release(ClaimRef claim)
    {
        if (_model.Find(claim) is not { } known)
        {
            _model = _model with { Withdrawn = [.. _model.Withdrawn.TakeLast(RememberedWithdrawals - 1), claim] };
            return;
        }

        _model = known.GrantedAt is null
            ? _model with { Waiting = _model.Waiting.Remove(known) }
            : _model with { Holding = _model.Holding.Remove(claim) };
        _changed.Remove(claim);
        _removed.Add(claim);
        Grant();
    }

    /// <summary>All claims get another limit, and so do those that come later and were made before.</summary>
    public void SetLimit(int limit)
    {
        _model = _model with { Given = (limit, _now) };
        foreach (var claim in _model.Holding.Values.Concat(_model.Waiting).Where(claim => claim.Limit != limit).ToList())
        {
            Replace(claim, claim with { Limit = limit });
        }

        Grant();
    }

    /// <summary>Answers again whoever must not miss it: a run that does not know its claim any more gives it back.</summary>
    public void Tick()
    {
        Grant();
        foreach (var claim in _model.Holding.Values.Concat(_model.Waiting.Where(waiter => waiter.SupersededBy is not null)))
        {
            Tell(claim);
        }
    }

    private string? Refuses(GroupClaim claim)
    {
        if (claim.Overflow == GroupOverflow.Reject)
        {
            return _model.Holding.Values.MinBy(holder => holder.GrantedAt) is { } holder
                ? $"The group '{_model.Id.LocalName}' is full: {holder.Ref.Run} has a place. Wait for it, or cancel it."
                : $"The group '{_model.Id.LocalName}' is full.";
        }

        var most = claim.Queue > 0 ? Math.Min(claim.Queue, MaxWaiting) : MaxWaiting;
        return _model.Waiting.Count >= most ? $"In the group '{_model.Id.LocalName}' {_model.Waiting.Count} wait already, and no more may. Try again later." : null;
    }

    // As many as the limit allows go on: the newest claims. Who is being cancelled already does not count, and keeps its place
    // until it has ended. A run's own claims wait for each other.
    private void Supersede(ClaimRecord newest)
    {
        var going = _model.Holding.Values.Concat(_model.Waiting).Where(claim => claim.SupersededBy is null).OrderBy(claim => claim.ClaimedAt).ToList();
        foreach (var oldest in going.Where(claim => claim.Ref.Run != newest.Ref.Run).Take(going.Count - newest.Limit))
        {
            Replace(oldest, oldest with { SupersededBy = newest.Ref.Run });
            Tell(_model.Find(oldest.Ref)!);
        }
    }

    private void Grant()
    {
        while (_model.Waiting.FirstOrDefault(waiter => waiter.SupersededBy is null) is { } next && HasRoom(next))
        {
            Replace(next, next with { GrantedAt = _now });
            Tell(_model.Holding[next.Ref]);
        }
    }

    // A claim comes with the limit of when its run was created.
    private int LimitOf(GroupClaim claim) => _model.Given is { } given && claim.Since <= given.At + StartWithin ? given.Limit : claim.Limit;

    private bool HasRoom(ClaimRecord claim) =>
        _model.Holding.Count < claim.Limit && _model.Holding.Values.All(holder => _model.Holding.Count < holder.Limit);

    private void Replace(ClaimRecord old, ClaimRecord claim)
    {
        _model = old.GrantedAt is null ? _model with { Waiting = _model.Waiting.Remove(old) } : _model;
        Set(claim);
    }

    private void Set(ClaimRecord claim)
    {
        _model = claim.GrantedAt is null
            ? _model with { Waiting = _model.Waiting.Add(claim) }
            : _model with { Holding = _model.Holding.SetItem(claim.Ref, claim) };
        _changed[claim.Ref] = claim;
        _removed.Remove(claim.Ref);
    }

    private void Tell(ClaimRecord claim)
    {
        if (claim.SupersededBy is { } newer)
        {
            Tell(claim.Ref, ClaimVerdict.Superseded, $"The run {newer} takes its place in the group '{_model.Id.LocalName}'.");
        }
        else if (claim.GrantedAt is not null)
        {
            Tell(claim.Ref, ClaimVerdict.Granted, "");
        }
    }

    private void Tell(ClaimRef claim, ClaimVerdict verdict, string message) =>
        _answers.Add(new GroupAnswer(claim, new ClaimAnswer(_model.Id, claim.Fence, verdict, message)));
}
