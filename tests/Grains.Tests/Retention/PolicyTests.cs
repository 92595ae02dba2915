using Control.Contracts.Events;
using Control.Contracts.Retention;
using Control.Storage.Queries.Events;

namespace Control.Grains.Tests.Retention;

/// <summary>A policy deletes what it does not keep by itself, and nothing else.</summary>
public sealed class PolicyTests : RetentionWorld
{
    [Fact]
    public async Task RunEnds_BeyondTheCount_TheOldestGoesAndItIsRecorded()
    {
        await PolicyAsync("{ keep: 2 }");
        await EndedAsync(3);
        await UntilGoneAsync(1);
        await EndedAsync();
        await UntilGoneAsync(2);

        Assert.Equal("3 4", await LeftAsync(4));
        await SettledAsync();
        Assert.Equal([(Actor.Retention, 1, 0, "1"), (Actor.Retention, 1, 0, "2")], await ToldAsync());
        var tombstone = Assert.Single((await new EventReader(World.Service<ControlStore>()).ReadAsync(Silos.World.Key(new RunId(Pipeline, 1)), 0, 10)).Events);
        Assert.Equal((EventTypes.ObjectDeleted, Actor.Retention), (tombstone.Type, tombstone.By));
        Assert.Equal((2, World.Clock.GetUtcNow()), ((await World.ViewAsync<RetentionView>(RetentionKey))!.Deleted, (await World.ViewAsync<RetentionView>(RetentionKey))!.LastDeletedAt));
    }

    [Fact]
    public async Task TimePasses_TooOld_GoesWithoutAnythingElseHappening()
    {
        await PolicyAsync("{ age: 2h }");
        await EndedAsync();
        await SettledAsync();
        World.Clock.Advance(TimeSpan.FromHours(1));
        await EndedAsync();
        await SettledAsync();
        Assert.Equal("1 2", await LeftAsync(2));

        await World.AdvanceAsync(TimeSpan.FromHours(1));

        await UntilGoneAsync(1);
        Assert.Equal("2", await LeftAsync(2));
        await SettledAsync();
        Assert.Equal((0, 1), ((await ToldAsync())[0].Keep, (await ToldAsync())[0].Age));
    }

    [Fact]
    public async Task Policy_SetWithManyRuns_AllOfThemGoInBatches()
    {
        await EndedAsync(27);
        await PolicyAsync("{ keep: 1 }");
        await UntilGoneAsync(Enumerable.Range(1, 26).Select(n => (long)n));
        Assert.Equal("27", await LeftAsync(27));
        await SettledAsync();
        var told = await ToldAsync();
        Assert.Equal(26, told.Sum(one => one.Keep));
        Assert.Equal(3, told.Count);
    }

    [Fact]
    public async Task Unfinished_AndTheNewestSucceeded_AndKeptByHand_Stay()
    {
        var agent = await World.AgentAsync();
        var succeeded = await World.RunAsync(Pipeline);
        await agent.EndAsync(await agent.TakeAsync());
        await World.UntilRunAsync(succeeded, RunState.Succeeded);
        var queued = await World.RunAsync(Pipeline);
        var held = await agent.TakeAsync();
        Assert.Equal(queued, held.Attempt.Run);
        var kept = await EndedAsync();
        Silos.World.Valid(await World.Run(kept).Keep(new KeepRun("evidence", Silos.World.Someone)));
        await EndedAsync(2);

        await PolicyAsync("{ keep: 1, age: 1h }");
        await UntilGoneAsync(4);
        Assert.Equal("1 2 3 5", await LeftAsync(5));

        await World.AdvanceAsync(TimeSpan.FromDays(2));
        await UntilGoneAsync(5);
        Assert.Equal("1 2 3", await LeftAsync(5));

        // What protected them ends.
        Silos.World.Valid(await World.Run(kept).Unkeep(Silos.World.Someone));
        await UntilGoneAsync(3);
        Assert.Equal("1 2", await LeftAsync(5));
    }

    [Fact]
    public async Task Workspace_Policy_HoldsForPipelinesWithoutOne()
    {
        await EndedAsync(3);
        await PolicyAsync("all");
        await WorkspacePolicyAsync(new RetentionPolicy(1, 0));
        await SettledAsync();
        Assert.Equal("1 2 3", await LeftAsync(3));
        await PolicyAsync("{ keep: 2 }");
        await UntilGoneAsync(1);
        await SettledAsync();
        Assert.Equal("2 3", await LeftAsync(3));
        await PolicyAsync("");
        await UntilGoneAsync(2);
        Assert.Equal("3", await LeftAsync(3));
    }

    [Fact]
    public async Task Workspace_PolicySet_AppliedToThePipelinesThatAreThere()
    {
        await EndedAsync(2);
        await WorkspacePolicyAsync(new RetentionPolicy(1, 0));
        await UntilGoneAsync(1);
        await WorkspacePolicyAsync(null);
        await EndedAsync(2);
        await SettledAsync();
        Assert.Equal("2 3 4", await LeftAsync(4));
    }

    [Fact]
    public async Task Pipeline_Deleted_ItsRunsStay()
    {
        await EndedAsync(3);
        Silos.World.Valid(await World.Grain<IPipelineGrain>(Pipeline).Delete(null, Silos.World.Someone));
        await WorkspacePolicyAsync(new RetentionPolicy(1, 0));
        await Retention.Apply();
        Assert.Equal("1 2 3", await LeftAsync(3));
    }

    [Fact]
    public async Task NoPolicy_RunsEnd_NothingIsWritten()
    {
        var look = World.Calls.Begun("IRetentionGrain.RunChanged");
        await EndedAsync();
        await look;
        await Retention.Apply();
        Assert.Null(await World.Commits.LoadAsync(RetentionKey));
    }

    // The batch was decided by the policy before; whoever changes that waits until it is over.
    [Fact]
    public async Task PolicyChanged_WhileABatchIsUnderWay_NothingGoesAfterTheAnswer()
    {
        await EndedAsync(50);
        var gate = World.Calls.HoldNext("IRunGrain.Expire");
        var begun = World.Calls.Begun("IRunGrain.Expire", 10);
        await PolicyAsync("{ keep: 1 }");
        await begun;
        var change = PolicyAsync("all");
        gate.SetResult();
        await change;

        var left = await LeftAsync(50);
        await SettledAsync();
        await Retention.Apply();
        Assert.Equal(left, await LeftAsync(50));
        Assert.InRange(left.Split(' ').Length, 2, 40);
    }
}
