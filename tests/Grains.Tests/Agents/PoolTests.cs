using Control.Storage.Work;

namespace Control.Grains.Tests.Agents;

public sealed class PoolTests : IAsyncLifetime
{
    private World _world = null!;

    public async Task InitializeAsync() => _world = await World.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Wake_HintLost_AttemptFound()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        _world.Calls.FailNext("IPoolGrain.Enqueue");
        var run = await _world.RunAsync(Yaml.OneJob);
        await _world.Grain<IPoolGrain>("*").Wake();
        await _world.UntilAttemptAsync(run, "s.j/1", AttemptState.Leased);
    }

    [Fact]
    public async Task Enqueue_HintLost_ReconcileFindsTheAttemptByItself()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        // Makes the pool active; its reconcile runs every 5 s of real time.
        await _world.Grain<IPoolGrain>("*").Wake();
        _world.Calls.FailNext("IPoolGrain.Enqueue");
        var run = await _world.RunAsync(Yaml.OneJob);
        await _world.UntilAttemptAsync(run, "s.j/1", AttemptState.Leased);
    }

    [Fact]
    public async Task Offer_OvertakesARefusedReservation_NotWithdrawn()
    {
        var agent = await _world.AgentAsync("a1", 1, "x");
        var plain = await _world.RunAsync(await _world.PipelineAsync(Yaml.Jobs(1), "w/plain"));
        var labelled = await _world.RunAsync(await _world.PipelineAsync(Yaml.Jobs(1, "x"), "w/labelled"));
        var first = await agent.TakeAsync();
        await agent.EndAsync(first);
        // Both pools have had the same slot offered; whichever came second gets it at once when the agent has room again.
        var second = await agent.TakeAsync();
        await agent.EndAsync(second);
        await _world.UntilRunAsync(plain, RunState.Succeeded);
        await _world.UntilRunAsync(labelled, RunState.Succeeded);
    }

    [Fact]
    public async Task HandOff_LeaseRefused_SlotGoesToTheNextAttempt()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.Jobs(1));
        World.Valid(await _world.Run(run).Cancel(CancelMode.Now, World.Someone));
        // A hint that is wrong by now.
        await _world.Grain<IPoolGrain>("*").Enqueue([AttemptId.Parse($"{run}/s.j1/1"), AttemptId.Parse("w/nothing/7/s.j/1")]);
        await agent.RenewAsync();
        var next = await _world.RunAsync(run.Pipeline);
        Assert.Equal(next, (await agent.TakeAsync()).Attempt.Run);
    }

    [Fact]
    public async Task HandOff_ReservationFails_NoOtherAttemptIsHeldUp()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        _world.Calls.FailNext("IAgentGrain.Reserve");
        var reserved = _world.Calls.Begun("IAgentGrain.Reserve");
        var first = await _world.RunAsync(Yaml.OneJob);
        await reserved;
        await _world.RunAsync(first.Pipeline);
        await agent.EndAsync(await agent.TakeAsync());
        await _world.Grain<IPoolGrain>("*").Wake();
        await agent.EndAsync(await agent.TakeAsync());
        await _world.UntilRunAsync(first, RunState.Succeeded);
    }

    [Fact]
    public async Task Enqueue_AgentIdleForLong_CalledAndServed()
    {
        var agent = await _world.AgentAsync();
        await _world.RunAsync(Yaml.OneJob);
        await agent.EndAsync(await agent.TakeAsync());
        // Long enough for the agent to forget the pool, and the pool the agent.
        for (var i = 0; i < 70; i++)
        {
            _world.Clock.Advance(TimeSpan.FromSeconds(10));
            await agent.RenewAsync();
        }

        var run = await _world.RunAsync(PipelineId.Parse("w/p"));
        Assert.Equal(run, (await agent.TakeAsync()).Attempt.Run);
    }

    [Fact]
    public async Task Poll_IdleAgent_ForgetsPoolsWithoutWork()
    {
        var agent = await _world.AgentAsync();
        await _world.RunAsync(Yaml.OneJob);
        await agent.EndAsync(await agent.TakeAsync());
        for (var i = 0; i < 70; i++)
        {
            _world.Clock.Advance(TimeSpan.FromSeconds(10));
            await agent.RenewAsync();
        }

        // Offers are not waited for, but the last ones came to the pool long before this.
        await _world.Grain<IPoolGrain>("*").Wake();
        var offers = _world.Calls.Count("IPoolGrain.Offer");
        await agent.RenewAsync();
        await _world.Grain<IPoolGrain>("*").Wake();
        Assert.Equal(offers, _world.Calls.Count("IPoolGrain.Offer"));
        Assert.Empty(await _world.Service<WorkIndex>().QueuesAsync());
    }
}
