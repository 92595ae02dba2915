using Control.Contracts.Groups;
using Control.Contracts.Runs;

namespace Control.Engine.Groups;

/// <summary>The state of a concurrency group: what its grain owns. Immutable; replaced whole by a <see cref="GroupMachine"/>.</summary>
/// <param name="Id">Which group.</param>
/// <param name="Holding">Claims that have a place.</param>
/// <param name="Waiting">Claims that wait, the next one first.</param>
public sealed record GroupModel(GroupId Id, ImmutableDictionary<ClaimRef, ClaimRecord> Holding, ImmutableSortedSet<ClaimRecord> Waiting)
{
    /// <summary>A group of nobody.</summary>
    public static GroupModel Empty(GroupId id) => Of(id, []);

    /// <summary>A group of these claims.</summary>
    public static GroupModel Of(GroupId id, IEnumerable<ClaimRecord> claims)
    {
        var (holding, waiting) = (ImmutableDictionary.CreateBuilder<ClaimRef, ClaimRecord>(), ClaimOrder.Instance.EmptySet.ToBuilder());
        foreach (var claim in claims)
        {
            if (claim.GrantedAt is null)
            {
                waiting.Add(claim);
            }
            else
            {
                holding.Add(claim.Ref, claim);
            }
        }

        return new GroupModel(id, holding.ToImmutable(), waiting.ToImmutable());
    }

    /// <summary>Claims that were given back before they came, the last ones. Not stored: they come within moments, or never.</summary>
    public ImmutableArray<ClaimRef> Withdrawn { get; init; } = [];

    /// <summary>
    /// The limit that was last given to all claims, and when; null when none was. Not stored: it is for claims that were on their
    /// way then, which come within moments.
    /// </summary>
    public (int Limit, DateTimeOffset At)? Given { get; init; }

    /// <summary>True when nobody has a place or waits for one.</summary>
    public bool IsEmpty => Holding.IsEmpty && Waiting.IsEmpty;

    /// <summary>The claim of that name, wherever it is; null when there is none.</summary>
    public ClaimRecord? Find(ClaimRef claim) => Holding.GetValueOrDefault(claim) ?? Waiting.FirstOrDefault(waiter => waiter.Ref == claim);
}

/// <summary>One claim: a child row of its group.</summary>
/// <param name="Ref">Whose it is.</param>
/// <param name="Part">What goes on with it: empty for the run, a stage's name, or <c>stage.job/attempt</c>.</param>
/// <param name="Since">When its run was created.</param>
/// <param name="Limit">Most places at a time that it allows.</param>
/// <param name="Overflow">What it does when the group is full.</param>
/// <param name="ClaimedAt">When it was made.</param>
/// <param name="GrantedAt">Since when it has a place; null while it waits.</param>
/// <param name="SupersededBy">The run for whose sake its own is cancelled; null when it is not.</param>
public sealed record ClaimRecord(
    ClaimRef Ref,
    string Part,
    DateTimeOffset Since,
    int Limit,
    GroupOverflow Overflow,
    DateTimeOffset ClaimedAt,
    DateTimeOffset? GrantedAt,
    RunId? SupersededBy);

/// <summary>The order among claims: by when their runs were created, then by the runs' ids, then by their fences.</summary>
internal sealed class ClaimOrder : IComparer<ClaimRecord>
{
    public static ClaimOrder Instance { get; } = new();

    public ImmutableSortedSet<ClaimRecord> EmptySet => ImmutableSortedSet<ClaimRecord>.Empty.WithComparer(this);

    public int Compare(ClaimRecord? x, ClaimRecord? y)
    {
        var order = Nullable.Compare(x?.Since, y?.Since);
        if (order == 0) order = string.CompareOrdinal(x?.Ref.Run.Pipeline.ToString(), y?.Ref.Run.Pipeline.ToString());
        if (order == 0) order = Nullable.Compare(x?.Ref.Run.Number, y?.Ref.Run.Number);
        return order != 0 ? order : Nullable.Compare(x?.Ref.Fence, y?.Ref.Fence);
    }
}
