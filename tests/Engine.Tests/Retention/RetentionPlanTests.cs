using System.Collections.Immutable;
using Control.Contracts.Pipelines;
using Control.Contracts.Retention;
using Control.Contracts.Runs;
using Control.Engine.Retention;

namespace Control.Engine.Tests.Retention;

/// <summary>Which runs go, and why.</summary>
public sealed class RetentionPlanTests
{
    private const int Day = 24 * 60 * 60;
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly PipelineId Pipeline = new("shop", "web");

    // Runs oldest first: S succeeded, F failed, C cancelled; small letters are kept by hand. Run n of m ended m-n days ago.
    [Theory]
    [InlineData("SSSS", 0, 0, 1, "")]
    [InlineData("SSSS", 4, 0, 1, "")]
    [InlineData("SSSS", 9, 0, 1, "")]
    [InlineData("SSSS", 2, 0, 1, "1k 2k")]
    [InlineData("SSSS", 2, 0, 3, "1k")]
    [InlineData("SSSS", 1, 0, 9, "")]
    [InlineData("SFCF", 1, 0, 1, "2k 3k")]
    [InlineData("SFCF", 1, 0, 0, "1k 2k 3k")]
    [InlineData("SFSF", 1, 0, 1, "1k 2k")]
    [InlineData("sFCF", 1, 0, 0, "2k 3k")]
    [InlineData("fsfF", 1, 0, 0, "")]
    [InlineData("FFFF", 0, 2, 1, "1a 2a")]
    [InlineData("FFFF", 0, 9, 1, "")]
    [InlineData("SFFF", 0, 1, 1, "2a 3a")]
    [InlineData("SSFF", 0, 1, 1, "1a 3a")]
    [InlineData("fFFF", 0, 1, 1, "2a 3a")]
    [InlineData("FFFF", 3, 2, 1, "1k 2a")]
    [InlineData("FFFF", 1, 2, 1, "1k 2k 3k")]
    [InlineData("", 1, 2, 1, "")]
    public void Of_Runs_TheseGo(string runs, int keep, int days, int succeeded, string expected) =>
        Assert.Equal(expected, Tell(Plan(runs, new RetentionPolicy(keep, days * Day, succeeded))));

    [Fact]
    public void Of_OldStartButLateEnd_StaysUntilItIsOldByItsEnd()
    {
        ImmutableArray<EndedRun> page = [Run(1, 'F', started: 90, ended: 1), Run(2, 'F', started: 80, ended: 70)];

        var plan = Of(new RetentionPolicy(0, 30 * Day), page);

        Assert.Equal("2a", Tell(plan));
        Assert.Equal(Now.AddDays(29), plan.NextDue);
    }

    [Theory]
    [InlineData("FFFF", 0, 30, 27)]
    [InlineData("fFFF", 0, 30, 28)]
    [InlineData("SFFF", 0, 30, 28)]
    [InlineData("FFFF", 1, 0, null)]
    public void Of_RunsThatStay_DueWhenTheFirstUnprotectedIsTooOld(string runs, int keep, int days, int? due) =>
        Assert.Equal(due is { } d ? Now.AddDays(d) : null, Plan(runs, new RetentionPolicy(keep, days * Day)).NextDue);

    [Fact]
    public void Of_MoreThanTheLimit_GoesOnWithTheFirstLeftOut()
    {
        var plan = Of(new RetentionPolicy(1, 0), Page("FFFFF"), limit: 2);
        Assert.Equal(("1k 2k", 3L), (Tell(plan), plan.Next));
    }

    [Theory]
    [InlineData(1, 0, null)] // runs from the last on are kept by the count
    [InlineData(0, 2, null)] // newer ones cannot be too old
    [InlineData(0, 1000, null)]
    [InlineData(99, 0, 5L)]  // the next page may be beyond the count too
    public void Of_NotTheLastPage_GoesOnOnlyWhereNewerRunsMayGo(int keep, int days, long? next)
    {
        var bounds = new RetentionBounds(keep == 99 ? 50 : 4, long.MaxValue);
        Assert.Equal(next, RetentionPlan.Of(new RetentionPolicy(keep, days * Day), bounds, Page("FFFF"), isLast: false, 10, Now).Next);
    }

    [Theory]
    [InlineData("FFF", 1)]
    [InlineData("ffF", 3)]
    [InlineData("fFf", 2)]
    [InlineData("fff", 4)]
    [InlineData("", 0)]
    public void Of_RunsKeptByHandInFront_AreBelowTheFloor(string runs, long floor) =>
        Assert.Equal(floor, Plan(runs, new RetentionPolicy(9, 0)).Floor);

    // Whatever the figures: what is kept by hand or among the newest succeeded never goes, nor does one of the newest by count.
    [Fact]
    public void Of_RandomRuns_ProtectsAndExplains()
    {
        var random = new Random(17);
        for (var round = 0; round < 2_000; round++)
        {
            var runs = string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => "SFCsfc"[random.Next(6)]));
            var policy = new RetentionPolicy(random.Next(12), random.Next(12) * Day, random.Next(4));
            var page = Page(runs);
            var doomed = Of(policy, page).Doomed.ToDictionary(one => one.Run, one => one.Rule);
            var newest = page.Reverse().Take(policy.Keep).ToHashSet();
            var safe = page.Where(run => run.IsKept).Concat(page.Reverse().Where(run => run.State == RunState.Succeeded).Take(policy.KeepSucceeded)).ToHashSet();
            foreach (var run in page)
            {
                var beyond = policy.Keep > 0 && !newest.Contains(run);
                var old = policy.AgeSeconds > 0 && Now - run.FinishedAt >= TimeSpan.FromSeconds(policy.AgeSeconds);
                var rule = safe.Contains(run) ? default : beyond ? PruneRule.Keep : old ? PruneRule.Age : default;
                Assert.Equal((runs, run.Id.Number, rule), (runs, run.Id.Number, doomed.GetValueOrDefault(run)));
            }
        }
    }

    private static RetentionPlan Plan(string runs, RetentionPolicy policy) => Of(policy, Page(runs));

    private static RetentionPlan Of(RetentionPolicy policy, ImmutableArray<EndedRun> page, int limit = 100) =>
        RetentionPlan.Of(policy, Bounds(policy, page), page, isLast: true, limit, Now);

    // As the store tells them.
    private static RetentionBounds Bounds(RetentionPolicy policy, ImmutableArray<EndedRun> page) => new(
        Nth(page, policy.Keep) ?? 0,
        policy.KeepSucceeded == 0 ? long.MaxValue : Nth(page.Where(run => run.State == RunState.Succeeded), policy.KeepSucceeded) ?? 0);

    private static long? Nth(IEnumerable<EndedRun> runs, int n) => runs.Reverse().Skip(n - 1).FirstOrDefault()?.Id.Number;

    private static ImmutableArray<EndedRun> Page(string runs) =>
        [.. runs.Select((letter, i) => Run(i + 1, letter, runs.Length - i - 1, runs.Length - i - 1))];

    private static EndedRun Run(long number, char letter, int started, int ended) => new(
        new RunId(Pipeline, number),
        5,
        char.ToUpperInvariant(letter) switch { 'S' => RunState.Succeeded, 'F' => RunState.Failed, _ => RunState.Cancelled },
        Now.AddDays(-started),
        Now.AddDays(-ended),
        char.IsLower(letter));

    private static string Tell(RetentionPlan plan) =>
        string.Join(' ', plan.Doomed.Select(one => $"{one.Run.Id.Number}{(one.Rule == PruneRule.Keep ? 'k' : 'a')}"));
}
