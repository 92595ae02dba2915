using Control.Contracts.Access;
using Control.Contracts.Clusters;

namespace Control.Engine.Clusters;

/// <summary>
/// A cluster: what its grain owns. One method per event, without I/O. Whether it is connected is a lease that every answer
/// renews: one question without an answer leaves a doubt, two in a row, or a definite no, end the connection.
/// </summary>
/// <param name="Description">Free text.</param>
/// <param name="Server">Where its API server is.</param>
/// <param name="Credential">What is shown to it.</param>
/// <param name="CredentialUntil">When that ends; null when it does not say.</param>
/// <param name="Access">Counts accesses, so that answers to an older one are told apart.</param>
/// <param name="State">How it is connected.</param>
/// <param name="Reasons">Why it is not simply connected.</param>
/// <param name="Facts">What was last seen; null before it first answered.</param>
/// <param name="Failures">Questions without an answer since the last one that had one.</param>
/// <param name="CreatedAt">When it was added.</param>
/// <param name="CreatedBy">Who added it.</param>
/// <param name="ChangedAt">When its state last changed.</param>
/// <param name="Deleted">Forgotten.</param>
public sealed record ClusterModel(
    string Description,
    string Server,
    string Credential,
    DateTimeOffset? CredentialUntil,
    long Access,
    ClusterState State,
    ImmutableArray<ClusterReason> Reasons,
    ClusterFacts? Facts,
    int Failures,
    DateTimeOffset CreatedAt,
    Actor CreatedBy,
    DateTimeOffset ChangedAt,
    bool Deleted)
{
    /// <summary>Answers that take as long make a cluster degraded.</summary>
    public static readonly TimeSpan Slow = TimeSpan.FromSeconds(2);

    /// <summary>Credentials that end within this are told of.</summary>
    public static readonly TimeSpan EndsSoon = TimeSpan.FromDays(14);

    // Facts are written again after that even if only their numbers drift, so that lists are never much older.
    private static readonly TimeSpan Stale = TimeSpan.FromMinutes(5);

    // Between checks of a cluster that answers; a doubt is cleared sooner, and one that is gone is asked more and more rarely.
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>How long to wait before it is asked again.</summary>
    public TimeSpan CheckAfter => Failures switch
    {
        0 => Every,
        1 => Soon,
        <= 5 => Every,
        _ => Longest,
    };

    /// <summary>A new cluster.</summary>
    public static ClusterModel Create(CreateCluster command, DateTimeOffset now) => new(
        command.Description,
        command.Target.Server,
        command.Target.Credential,
        command.Target.CredentialUntil,
        Access: 1,
        ClusterState.Pending,
        [],
        Facts: null,
        Failures: 0,
        now,
        command.By,
        now,
        Deleted: false);

    /// <summary>It is about to be asked.</summary>
    public ClusterModel Asked(DateTimeOffset now) => State == ClusterState.Pending ? To(ClusterState.Connecting, [], now) : this;

    /// <summary>It is reached in another way from now on. What is known of it stands until that one answers.</summary>
    public ClusterModel Replace(ClusterTarget target, DateTimeOffset now) => (this with
    {
        Server = target.Server,
        Credential = target.Credential,
        CredentialUntil = target.CredentialUntil,
        Access = Access + 1,
        Failures = 0,
    }).To(State is ClusterState.Connected or ClusterState.Degraded ? State : ClusterState.Connecting, State is ClusterState.Degraded ? Reasons : [], now);

    /// <summary>Asking came to this.</summary>
    public ClusterModel Report(ClusterReport report, DateTimeOffset now)
    {
        if (report.Access != Access) return this;
        if (report.Facts is { } facts)
        {
            var known = this with { Facts = IsWorth(facts) ? facts : Facts, Failures = 0 };
            var reasons = ReasonsOf(facts, now);
            return known.To(reasons.IsEmpty ? ClusterState.Connected : ClusterState.Degraded, reasons, now);
        }

        var failed = this with { Failures = Failures + 1 };
        var isGone = report.IsDefinite || failed.Failures > 1 || State is not (ClusterState.Connected or ClusterState.Degraded);
        return failed.To(isGone ? ClusterState.Disconnected : ClusterState.Degraded, [report.Failure!], now);
    }

    /// <summary>True when something worth writing down differs from what was.</summary>
    public bool DiffersFrom(ClusterModel before) =>
        State != before.State || Access != before.Access || Description != before.Description || Deleted != before.Deleted
        || !ReferenceEquals(Facts, before.Facts) || !Reasons.SequenceEqual(before.Reasons);

    private ClusterModel To(ClusterState state, ImmutableArray<ClusterReason> reasons, DateTimeOffset now) =>
        this with { State = state, Reasons = reasons, ChangedAt = state == State ? ChangedAt : now };

    private bool IsWorth(ClusterFacts facts) => Facts is not { } known
        || facts.At - known.At >= Stale
        || !facts.UnavailableApis.SequenceEqual(known.UnavailableApis)
        || facts with { At = known.At, LatencyMilliseconds = known.LatencyMilliseconds, UnavailableApis = known.UnavailableApis } != known;

    private ImmutableArray<ClusterReason> ReasonsOf(ClusterFacts facts, DateTimeOffset now)
    {
        ClusterReason?[] all =
        [
            CredentialUntil - now <= EndsSoon
                ? new ClusterReason(ClusterReasons.CredentialEnding, $"Its credential is good until {CredentialUntil:u}. Replace it before then.")
                : null,
            facts.ReadyNodes < facts.Nodes
                ? new ClusterReason(ClusterReasons.NodesNotReady, $"{facts.Nodes - facts.ReadyNodes} of its {facts.Nodes} nodes are not ready.")
                : null,
            facts.UnavailableApis.IsEmpty
                ? null
                : new ClusterReason(ClusterReasons.ApiUnavailable, $"It does not serve {string.Join(", ", facts.UnavailableApis)} at present: whatever serves these in the cluster is down."),
            facts.LatencyMilliseconds >= Slow.TotalMilliseconds
                ? new ClusterReason(ClusterReasons.Slow, $"Its API server takes {Slow.TotalSeconds:0} s and more to answer.")
                : null,
        ];
        return [.. all.OfType<ClusterReason>()];
    }
}
