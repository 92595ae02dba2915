using Control.Contracts.Retention;
using Control.Contracts.Runs;

namespace Control.Engine.Retention;

/// <summary>What a policy looks at of an ended run.</summary>
/// <param name="Id">Which.</param>
/// <param name="Version">Its version; it is deleted at this one only.</param>
/// <param name="State">How it ended.</param>
/// <param name="CreatedAt">When it was started; runs are numbered in this order.</param>
/// <param name="FinishedAt">When its last round ended.</param>
/// <param name="IsKept">Somebody keeps it.</param>
public sealed record EndedRun(RunId Id, long Version, RunState State, DateTimeOffset CreatedAt, DateTimeOffset FinishedAt, bool IsKept);

/// <summary>Where the counts of a policy lie among a pipeline's ended runs.</summary>
/// <param name="KeepFrom">Number of the oldest run among those that the count keeps; 0 when it keeps all.</param>
/// <param name="SucceededFrom">
/// Number of the oldest run among the succeeded ones that stay in any case; 0 when all do, <see cref="long.MaxValue"/> when none
/// does.
/// </param>
public sealed record RetentionBounds(long KeepFrom, long SucceededFrom);

/// <summary>A run that goes.</summary>
/// <param name="Run">Which.</param>
/// <param name="Rule">Why.</param>
public sealed record DoomedRun(EndedRun Run, PruneRule Rule);

/// <summary>What a policy means for a page of ended runs.</summary>
/// <param name="Doomed">Those that go, oldest first.</param>
/// <param name="Next">Number from which on there may be more; null when there is nothing more to look at.</param>
/// <param name="NextDue">When the first of those that stay becomes too old; null for never.</param>
/// <param name="Floor">All ended runs of the page below this number are kept by hand, and need not be looked at again.</param>
public sealed record RetentionPlan(ImmutableArray<DoomedRun> Doomed, long? Next, DateTimeOffset? NextDue, long Floor)
{
    /// <summary>
    /// Applies a policy to a page of ended runs, oldest first. A run goes when it is beyond the count or too old, unless it is
    /// kept by hand or one of the newest that succeeded.
    /// </summary>
    /// <param name="policy">The policy.</param>
    /// <param name="bounds">Where its counts lie.</param>
    /// <param name="page">Ended runs by number, without gaps between them.</param>
    /// <param name="isLast">Whether no newer run has ended.</param>
    /// <param name="limit">At most so many go.</param>
    /// <param name="now">The time.</param>
    public static RetentionPlan Of(RetentionPolicy policy, RetentionBounds bounds, ImmutableArray<EndedRun> page, bool isLast, int limit, DateTimeOffset now)
    {
        var rules = new Rules(policy, bounds, now);
        // Where no rule hits a run by its number and start, none hits a newer one.
        var open = page.TakeWhile(rules.MayHit).ToImmutableArray();
        var all = open.Where(run => !rules.IsProtected(run)).Select(run => new DoomedRun(run, rules.Of(run))).Where(run => run.Rule != PruneRule.Invalid);
        var doomed = all.Take(limit + 1).ToImmutableArray();
        var isCut = doomed.Length > limit;
        var next = isCut ? doomed[^1].Run.Id.Number
            : open.Length < page.Length || isLast || page.IsEmpty ? (long?)null
            : page[^1].Id.Number + 1;
        return new RetentionPlan(isCut ? doomed[..limit] : doomed, next, rules.NextDue(page), FloorOf(page));
    }

    private static long FloorOf(ImmutableArray<EndedRun> page) =>
        page.FirstOrDefault(run => !run.IsKept)?.Id.Number ?? (page.IsEmpty ? 0 : page[^1].Id.Number + 1);

    private sealed class Rules(RetentionPolicy policy, RetentionBounds bounds, DateTimeOffset now)
    {
        private readonly TimeSpan? _age = policy.AgeSeconds > 0 ? TimeSpan.FromSeconds(policy.AgeSeconds) : null;

        public bool MayHit(EndedRun run) => IsBeyond(run) || run.CreatedAt + _age <= now;

        public bool IsProtected(EndedRun run) => run.IsKept || (run.State == RunState.Succeeded && run.Id.Number >= bounds.SucceededFrom);

        public PruneRule Of(EndedRun run) => IsBeyond(run) ? PruneRule.Keep : run.FinishedAt + _age <= now ? PruneRule.Age : PruneRule.Invalid;

        public DateTimeOffset? NextDue(ImmutableArray<EndedRun> page) =>
            page.Where(run => !IsProtected(run)).Select(run => run.FinishedAt + _age).Where(due => due > now).Min();

        private bool IsBeyond(EndedRun run) => policy.Keep > 0 && run.Id.Number < bounds.KeepFrom;
    }
}
