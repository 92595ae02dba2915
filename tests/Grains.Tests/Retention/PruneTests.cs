using Control.Contracts.Retention;
using Control.Storage.Logs;

namespace Control.Grains.Tests.Retention;

/// <summary>Prunes by hand, tried and done.</summary>
public sealed class PruneTests : RetentionWorld
{
    private static readonly RetentionPolicy KeepOne = new(1, 0);

    [Fact]
    public async Task DryRun_TellsWhatGoesAndWhy_AndTouchesNothing()
    {
        await EndedAsync(4);
        await World.Service<LogStore>().AppendAsync(AttemptId.Parse("w/p/1/s.j/1"), 0, new byte[1000]);
        await World.Service<LogStore>().AppendAsync(AttemptId.Parse("w/p/1/s.k/1"), 0, new byte[500]);

        var told = await PruneAsync(new RetentionPolicy(2, 0), dryRun: true);

        Assert.Equal(["1 Keep Cancelled 1500", "2 Keep Cancelled 0"], told.Runs.Select(run => $"{run.Run.Number} {run.Rule} {run.State} {run.LogBytes}"));
        Assert.Equal((null, true, 2), (told.Next, told.DryRun, told.Policy.Keep));
        Assert.Equal("1 2 3 4", await LeftAsync(4));
        Assert.Null(await World.Commits.LoadAsync(RetentionKey));

        var done = await PruneAsync(new RetentionPolicy(2, 0));
        Assert.Equal(told.Runs.Select(run => run with { LogBytes = 0 }), done.Runs);
        await UntilGoneAsync(1, 2);
        Assert.Equal("3 4", await LeftAsync(4));
        Assert.Equal([(Silos.World.Someone, 2, 0, "1 2")], await ToldAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Pages_TogetherTellEachRunOnce(bool dryRun)
    {
        await EndedAsync(6);
        var seen = new List<long>();
        for (long? from = 1; from is not null;)
        {
            var page = await PruneAsync(KeepOne, dryRun, from.Value, limit: 2);
            Assert.InRange(page.Runs.Length, 1, 2);
            seen.AddRange(page.Runs.Select(run => run.Run.Number));
            from = page.Next;
        }

        Assert.Equal([1, 2, 3, 4, 5], seen);
    }

    [Fact]
    public async Task Prune_Repeated_FindsNothingLeft()
    {
        await EndedAsync(3);
        Assert.Equal(2, (await PruneAsync(KeepOne)).Runs.Length);
        Assert.Empty((await PruneAsync(KeepOne)).Runs);
        Assert.Single(await ToldAsync());
    }

    [Fact]
    public async Task Prune_WithoutAPolicy_SaysWhatToDo()
    {
        var refusal = (await Retention.Prune(new PruneRuns(null, DryRun: true, 1, 50, Silos.World.Someone))).Refusal!;
        Assert.Equal("no-retention", refusal.Code);
        await PolicyAsync("all");
        Assert.Equal("no-retention", (await Retention.Prune(new PruneRuns(null, DryRun: true, 1, 50, Silos.World.Someone))).Refusal!.Code);
    }

    [Fact]
    public async Task Prune_ByThePolicyInForce_TellsIt()
    {
        await PolicyAsync("{ keep: 3 }");
        await EndedAsync(3);
        Assert.Equal(new RetentionPolicy(3, 0), (await PruneAsync(null, dryRun: true)).Policy);
        await PolicyAsync("");
        await WorkspacePolicyAsync(new RetentionPolicy(0, 3600, 2));
        Assert.Equal(new RetentionPolicy(0, 3600, 2), (await PruneAsync(null, dryRun: true)).Policy);
    }

    // More of them than are read in one turn: they cost pages, not the answer.
    [Fact]
    public async Task Prune_ManyKeptByHandInFront_ReachesThoseBehind()
    {
        await EndedAsync(30);
        for (var number = 1L; number <= 28; number++)
        {
            Silos.World.Valid(await World.Run(new RunId(Pipeline, number)).Keep(new KeepRun("", Silos.World.Someone)));
        }

        Assert.Equal([29L], (await PruneAsync(KeepOne)).Runs.Select(run => run.Run.Number));
        await PolicyAsync("{ keep: 1 }");
        await EndedAsync();
        await UntilGoneAsync(30);
        Assert.Equal(29, (await LeftAsync(31)).Split(' ').Length);
    }
}
