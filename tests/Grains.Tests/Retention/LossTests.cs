using Control.Contracts.Retention;

namespace Control.Grains.Tests.Retention;

/// <summary>Whatever is lost on the way, what has to go goes, what has to stay stays, and the record is right.</summary>
public sealed class LossTests : RetentionWorld
{
    [Fact]
    public async Task Hint_Lost_FoundAtTheEndOfTheDay()
    {
        await PolicyAsync("{ keep: 1 }");
        await EndedAsync();
        await SettledAsync();
        World.Calls.FailNext("IRetentionGrain.RunChanged");
        await EndedAsync();
        await World.AdvanceAsync(TimeSpan.FromDays(1));
        await UntilGoneAsync(1);
    }

    [Fact]
    public async Task Hint_LostWithItsProcess_FoundAtTheNextStart()
    {
        await PolicyAsync("{ keep: 1 }");
        await EndedAsync();
        await SettledAsync();
        World.Calls.FailNext("IRetentionGrain.RunChanged");
        await EndedAsync();
        await World.RestartSiloAsync();
        await Task.WhenAll(World.BootIds.Select(boot => World.Scheduler.Beat(boot)));
        await UntilGoneAsync(1);
    }

    [Fact]
    public async Task Pipeline_DiesBehindTheCommitOfItsPolicy_AppliedAtTheNextStart()
    {
        await EndedAsync(2);
        World.Calls.FailNext("IRetentionGrain.Wake");
        await Assert.ThrowsAnyAsync<Exception>(() => PolicyAsync("{ keep: 1 }"));
        await World.RestartSiloAsync();
        await Task.WhenAll(World.BootIds.Select(boot => World.Scheduler.Beat(boot)));
        await UntilGoneAsync(1);
    }

    [Fact]
    public async Task Expire_FailsForOne_TheOthersGoAndItGoesLater()
    {
        await EndedAsync(3);
        World.Calls.FailNext("IRunGrain.Expire");
        await PolicyAsync("{ keep: 1 }");
        await UntilGoneAsync(1, 2);
        await SettledAsync();
        Assert.Equal(2, (await ToldAsync()).Sum(one => one.Keep));
    }

    [Fact]
    public async Task Expire_AnswerLost_CountedAllTheSame()
    {
        await EndedAsync(2);
        World.Calls.LoseNextAnswer("IRunGrain.Expire");
        await PolicyAsync("{ keep: 1 }");
        await UntilGoneAsync(1);
        await SettledAsync();
        Assert.Equal([(Actor.Retention, 1, 0, "1")], await ToldAsync());
    }

    // It died with the batch recorded and one of two runs deleted; meanwhile the policy has gone.
    [Fact]
    public async Task Batch_CutOff_OnlyWhatIsGoneIsTold_AndTheRestIsDecidedAnew()
    {
        await EndedAsync(3);
        World.Calls.FailNext("IRunGrain.Expire");
        var second = World.Calls.HoldNext("IRunGrain.Expire");
        var begun = World.Calls.Begun("IRunGrain.Expire", 2);
        await PolicyAsync("{ keep: 1 }");
        await begun;
        // The row is overtaken, so the batch cannot be settled by this activation; what it sends is sent.
        await World.OvertakeAsync(RetentionKey);
        second.SetResult();
        await UntilEitherAsync();
        await PolicyAsync("all");
        await World.AdvanceAsync(TimeSpan.FromMinutes(1));
        await World.UntilAsync(RetentionKey, async () => (await ToldAsync()).Count > 0 ? "told" : null);

        Assert.Equal(1, Assert.Single(await ToldAsync()).Keep);
        Assert.Equal(2, (await LeftAsync(3)).Split(' ').Length);
    }

    [Fact]
    public async Task RunAgain_BetweenPlanAndDeed_Stays()
    {
        await EndedAsync(2);
        var run = new RunId(Pipeline, 1);
        var gate = World.Calls.HoldNext("IRunGrain.Expire");
        var begun = World.Calls.Begun("IRunGrain.Expire");
        await PolicyAsync("{ keep: 1, age: 30d }");
        await begun;
        Silos.World.Valid(await World.Run(run).Retry(Silos.World.Someone));
        gate.SetResult();
        await SettledAsync();
        Assert.Equal("1 2", await LeftAsync(2));
        Assert.Empty(await ToldAsync());

        // It is the older one all the same once it has ended.
        await EndAsync(run);
        await UntilGoneAsync(1);
    }

    private Task UntilEitherAsync()
    {
        async Task<object?> Deleted(long number) => await World.Commits.LoadAsync(Silos.World.Key(new RunId(Pipeline, number))) is { Index.Deleted: true } row ? row : null;
        return Task.WhenAny(new[] { 1L, 2L }.Select(number => World.UntilAsync(Silos.World.Key(new RunId(Pipeline, number)), () => Deleted(number)))).Unwrap();
    }
}
