namespace Control.Grains.Tests.Agents;

public sealed class SilenceTests : IAsyncLifetime
{
    private World _world = null!;

    private IAgentGrain Grain => _world.Grain<IAgentGrain>("a1");

    public async Task InitializeAsync() => _world = await World.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Wake_SilentAgentWithoutWork_SuspectThenOffline()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        await SilenceAsync(13.9);
        Assert.Equal(AgentState.Online, (await StateAsync()).State);
        await SilenceAsync(0.1);
        Assert.Equal(AgentState.Suspect, (await StateAsync()).State);
        await SilenceAsync(105.9);
        Assert.Equal(AgentState.Suspect, (await StateAsync()).State);
        await SilenceAsync(0.1);
        Assert.Equal(AgentState.Offline, (await StateAsync()).State);
        await agent.RenewAsync();
        Assert.Equal(AgentState.Online, (await StateAsync()).State);
    }

    [Fact]
    public async Task Wake_SuspectAgent_GetsNoNewWorkUntilItSpeaks()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        _world.Clock.Advance(TimeSpan.FromSeconds(15));
        var refused = _world.Calls.Begun("IAgentGrain.Reserve");
        var run = await _world.RunAsync(Yaml.OneJob);
        await refused;
        Assert.Equal(AttemptState.Queued, (await _world.AttemptAsync(run, "s.j/1")).State);
        await agent.TakeAsync();
    }

    [Fact]
    public async Task Wake_SilentBeyondLostAfter_LostAndRetriedElsewhere()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.Jobs(1, more: ", lostAfter: 60s, retry: 1"));
        var job = await agent.TakeAsync();
        await SilenceAsync(59.9);
        Assert.Equal(AttemptState.Leased, (await _world.AttemptAsync(run, "s.j1/1")).State);
        await SilenceAsync(0.1);
        var lost = await _world.AttemptAsync(run, "s.j1/1");
        Assert.Equal((AttemptState.Lost, Reasons.AgentLost), (lost.State, lost.Reason));
        var other = await _world.AgentAsync("a2");
        Assert.Equal(2, (await other.TakeAsync()).Attempt.Number);
        Assert.Equal(RefusalKind.Conflict, (await agent.ReportAsync(job, ReportKind.Succeeded)).Refusal?.Kind);
        Assert.Equal(TestAgent.Lease(job), Assert.Single((await agent.RenewAsync()).Forget));
    }

    [Fact]
    public async Task Wake_JobAllowsAnHourOfSilence_SuspectButNotOfflineUntilLost()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.Jobs(1, more: ", lostAfter: 1h"));
        await agent.TakeAsync();
        await SilenceAsync(3599);
        Assert.Equal(AgentState.Suspect, (await StateAsync()).State);
        Assert.Equal(AttemptState.Leased, (await _world.AttemptAsync(run, "s.j1/1")).State);
        await SilenceAsync(1);
        Assert.Equal(AttemptState.Lost, (await _world.AttemptAsync(run, "s.j1/1")).State);
        Assert.Equal(AgentState.Offline, (await StateAsync()).State);
    }

    [Fact]
    public async Task Wake_RunCannotBeTold_TriedAgain()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        await agent.TakeAsync();
        _world.Calls.FailNext("IRunGrain.AttemptLost");
        await SilenceAsync(120);
        Assert.Equal(AttemptState.Leased, (await _world.AttemptAsync(run, "s.j/1")).State);
        Assert.Equal(AgentState.Suspect, (await StateAsync()).State);
        await Grain.Wake();
        Assert.Equal(AttemptState.Lost, (await _world.AttemptAsync(run, "s.j/1")).State);
        Assert.Equal(AgentState.Offline, (await StateAsync()).State);
    }

    [Fact]
    public async Task Poll_NewBoot_TakenLeasesLostAtOnceUntakenOnesKept()
    {
        var agent = await _world.AgentAsync(capacity: 2);
        var first = await _world.RunAsync(Yaml.OneJob);
        await agent.TakeAsync();
        await agent.RenewAsync();
        var second = await _world.RunAsync(await _world.PipelineAsync(Yaml.OneJob, "w/q"));
        await _world.UntilAttemptAsync(second, "s.j/1", AttemptState.Leased);
        agent.Reboot();
        var job = await agent.TakeAsync();
        var lost = await _world.AttemptAsync(first, "s.j/1");
        Assert.Equal((AttemptState.Lost, Reasons.AgentRestarted), (lost.State, lost.Reason));
        Assert.Equal(second, job.Attempt.Run);
    }

    [Fact]
    public async Task Poll_NewBootAndTheRunCannotBeTold_NeverDeliveredToTheNewBoot()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        await agent.TakeAsync();
        agent.Reboot();
        _world.Calls.FailNext("IRunGrain.AttemptLost");
        Assert.Empty((await agent.RenewAsync()).Start);
        Assert.Equal(AttemptState.Leased, (await _world.AttemptAsync(run, "s.j/1")).State);
        // Even a fresh activation knows that this boot is new.
        await _world.RestartSiloAsync();
        Assert.Empty((await agent.RenewAsync()).Start);
        Assert.Equal(AttemptState.Lost, (await _world.AttemptAsync(run, "s.j/1")).State);
    }

    [Fact]
    public async Task Poll_DelayedMessageOfTheFormerBoot_NotListenedTo()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        var (former, sequence) = (agent.BootId, agent.Sequence);
        agent.Reboot();
        var run = await _world.RunAsync(Yaml.OneJob);
        var job = await agent.TakeAsync();
        var present = agent.BootId;
        (agent.BootId, agent.Sequence) = (former, sequence);
        agent.Jobs.Clear();
        await agent.RenewAsync();
        Assert.Equal(AttemptState.Leased, (await _world.AttemptAsync(run, "s.j/1")).State);
        (agent.BootId, agent.Sequence) = (present, 100);
        agent.Jobs.Add(TestAgent.Lease(job), job);
        Assert.Empty((await agent.RenewAsync()).Forget);
        await agent.EndAsync(job);
    }

    [Fact]
    public async Task Activation_AfterAnHourWithoutAServer_FullGracePeriod()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        await agent.TakeAsync();
        await _world.StopSiloAsync();
        _world.Clock.Advance(TimeSpan.FromHours(1));
        await _world.StartSiloAsync();
        await _world.Scheduler.Poke();
        await SilenceAsync(119.9);
        Assert.Equal(AttemptState.Leased, (await _world.AttemptAsync(run, "s.j/1")).State);
        await SilenceAsync(0.1);
        Assert.Equal(AttemptState.Lost, (await _world.AttemptAsync(run, "s.j/1")).State);
    }

    [Fact]
    public async Task Activation_AgentStillWorks_GoesOnUnderItsLease()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        var job = await agent.TakeAsync();
        await _world.StopSiloAsync();
        _world.Clock.Advance(TimeSpan.FromHours(1));
        await _world.StartSiloAsync();
        var orders = await agent.RenewAsync();
        Assert.Empty(orders.Start);
        Assert.Empty(orders.Forget);
        await agent.EndAsync(job);
        await _world.UntilRunAsync(run, RunState.Succeeded);
    }

    [Fact]
    public async Task Commit_OvertakenWhileAPollIsParked_PollEndsAndTheAgentGoesOn()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        var parked = await agent.ParkAsync();
        await _world.OvertakeAsync(new SubjectKey(SubjectKinds.Agent, "a1"));
        _world.Clock.Advance(TimeSpan.FromSeconds(15));
        // The commit that fails is this call's or the grain's own timer's; the call may reach the next activation.
        await Record.ExceptionAsync(Grain.Wake);
        Assert.Empty((await parked.WaitAsync(World.Limit)).Start);
        await _world.RunAsync(Yaml.OneJob);
        await agent.TakeAsync();
    }

    [Fact]
    public async Task Commit_Overtaken_TheNextActivationBeginsByItself()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        await _world.OvertakeAsync(new SubjectKey(SubjectKinds.Agent, "a1"));
        var woken = _world.Calls.Begun("IAgentGrain.Wake");
        agent.Reboot();
        await Assert.ThrowsAnyAsync<Exception>(agent.RenewAsync);
        await woken;
    }

    private async Task SilenceAsync(double seconds)
    {
        _world.Clock.Advance(TimeSpan.FromSeconds(seconds));
        await Grain.Wake();
    }

    private async Task<AgentView> StateAsync() => (await _world.ViewAsync<AgentView>(new SubjectKey(SubjectKinds.Agent, "a1")))!;
}
