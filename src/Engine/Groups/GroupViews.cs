using Control.Contracts.Groups;

namespace Control.Engine.Groups;

/// <summary>What readers see of a group; projected at commit.</summary>
public static class GroupViews
{
    // Of each kind: a view must not grow with the queue.
    private const int Shown = 100;

    /// <summary>The group.</summary>
    public static GroupView Group(GroupModel model, long version) => new(
        model.Id,
        model.Holding.Count,
        model.Waiting.Count,
        [.. model.Holding.Values.OrderBy(claim => claim.GrantedAt).ThenBy(claim => claim, ClaimOrder.Instance).Take(Shown).Select(Claim)],
        [.. model.Waiting.Take(Shown).Select(Claim)],
        version);

    private static ClaimView Claim(ClaimRecord claim) => new(
        claim.Ref.Run, claim.Part, claim.Limit, claim.Overflow, claim.ClaimedAt, claim.GrantedAt, claim.SupersededBy is not null);
}
