using Control.Contracts.Workspaces;

namespace Control.Grains.Tests.Scheduling;

public sealed class AdoptionTests : IAsyncLifetime
{
    private World _world = null!;

    public async Task InitializeAsync() => _world = await World.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Poke_AfterARestart_UnfinishedRunsAndAgentsAreAdopted()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        var unfinished = await _world.RunAsync(Yaml.OneJob);
        await agent.TakeAsync();
        var finished = await _world.RunAsync(PipelineId.Parse("w/p"));
        World.Valid(await _world.Run(finished).Cancel(CancelMode.Now, World.Someone));
        await _world.RestartSiloAsync();
        var versions = (await _world.VersionAsync(unfinished), await _world.VersionAsync(finished));
        await _world.Scheduler.Poke();

        var run = (await _world.Commits.LoadAsync(World.Key(unfinished)))!;
        Assert.Contains(run.Index.Owner, _world.BootIds);
        Assert.Contains((await _world.Commits.LoadAsync(new SubjectKey(SubjectKinds.Agent, "a1")))!.Index.Owner, _world.BootIds);
        Assert.Equal((versions.Item1 + 1, versions.Item2), (run.Version, await _world.VersionAsync(finished)));
        Assert.Equal(run.Version, (await _world.ViewAsync<RunView>(World.Key(unfinished)))!.Version);
        Assert.Empty(await _world.Service<Control.Storage.Work.WorkIndex>().OrphansAsync(_world.BootIds, 10));
    }

    [Fact]
    public async Task Beat_OfAnotherSilo_ItsRowsAreAdoptedOnceItIsSilent()
    {
        await _world.AgentAsync();
        // While no silo is there: a grain that moves as one of two leaves would see it as an orphan.
        await _world.StopSiloAsync();
        Sql("UPDATE subjects SET owner = 'another' WHERE kind = 'agent'");
        await _world.StartSiloAsync();
        await _world.Scheduler.Beat("another");
        Assert.Equal("another", await Owner());
        _world.Clock.Advance(TimeSpan.FromSeconds(14));
        await _world.Scheduler.Beat(_world.BootIds[0]);
        Assert.Equal("another", await Owner());
        _world.Clock.Advance(TimeSpan.FromSeconds(1));
        await _world.Scheduler.Beat(_world.BootIds[0]);
        Assert.Contains(await Owner(), _world.BootIds);

        async Task<string?> Owner() => (await _world.Commits.LoadAsync(new SubjectKey(SubjectKinds.Agent, "a1")))!.Index.Owner;
    }

    [Fact]
    public async Task Poke_OneCannotBeWoken_OthersAreAndItIsTriedAgain()
    {
        var broken = await _world.RunAsync(Yaml.OneJob);
        var whole = await _world.RunAsync(broken.Pipeline);
        await _world.RestartSiloAsync();
        Sql($"UPDATE subjects SET document = '!' || document WHERE kind = 'run' AND key = '{broken}'");
        await _world.Scheduler.Poke();
        Assert.Contains((await _world.Commits.LoadAsync(World.Key(whole)))!.Index.Owner, _world.BootIds);
        Sql($"UPDATE subjects SET document = substr(document, 2) WHERE kind = 'run' AND key = '{broken}'");
        await _world.Scheduler.Poke();
        Assert.Contains((await _world.Commits.LoadAsync(World.Key(broken)))!.Index.Owner, _world.BootIds);
    }

    [Fact]
    public async Task Poke_QueuedAttempts_FoundAgain()
    {
        var run = await _world.RunAsync(Yaml.Jobs(3));
        await _world.RestartSiloAsync();
        await _world.Scheduler.Poke();
        var agent = await _world.AgentAsync(capacity: 3);
        while (agent.Jobs.Count < 3)
        {
            await agent.TakeAsync();
        }

        foreach (var job in agent.Jobs.Values.ToList())
        {
            await agent.EndAsync(job);
        }

        await _world.UntilRunAsync(run, RunState.Succeeded);
    }

    [Fact]
    public async Task Poll_AfterARestartWithoutAnyPoke_QueuedWorkReachesAnIdleAgent()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        await _world.StopSiloAsync();
        await _world.StartSiloAsync();
        // Queued by a silo that then goes, while the agent counts as online all the time.
        await _world.RunAsync(Yaml.OneJob);
        await _world.RestartSiloAsync();
        Assert.Equal(1, (await agent.TakeAsync()).Lease);
    }

    [Fact]
    public async Task Poke_StopNotConfirmed_SentAgain()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        var job = await agent.TakeAsync();
        World.Valid(await _world.Run(run).Cancel(CancelMode.Now, World.Someone));
        await _world.RestartSiloAsync();
        await _world.Scheduler.Poke();
        Assert.Equal(TestAgent.Lease(job), Assert.Single((await agent.PollAsync()).Stop));
        await agent.EndAsync(job, ReportKind.Stopped);
        await _world.UntilRunAsync(run, RunState.Cancelled);
    }

    [Fact]
    public async Task Poll_LeasedButNotTakenBeforeARestart_DeliveredUnderTheSameLease()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        await _world.UntilAttemptAsync(run, "s.j/1", AttemptState.Leased);
        await _world.RestartSiloAsync();
        Assert.Equal(1, Assert.Single((await agent.RenewAsync()).Start).Lease);
    }

    [Fact]
    public async Task Start_DiesBeforeTheRunIsMade_MadeByTheNextSilo()
    {
        var pipeline = await _world.PipelineAsync(Yaml.OneJob);
        _world.Calls.FailNext("IRunGrain.Create");
        await Assert.ThrowsAsync<ControlException>(() => _world.Grain<IPipelineGrain>(pipeline).Start(World.Start("op")));
        var run = new RunId(pipeline, 1);
        Assert.Null(await _world.Commits.LoadAsync(World.Key(run)));
        await _world.RestartSiloAsync();
        await _world.Scheduler.Poke();
        Assert.Equal(RunState.Running, (await _world.ViewAsync<RunView>(World.Key(run)))!.State);
        Assert.Equal(new RunStarted(run, true), World.Valid(await _world.Grain<IPipelineGrain>(pipeline).Start(World.Start("op"))));
    }

    [Fact]
    public async Task Start_RunNotMadeAndRepeated_MadeByTheRepeat()
    {
        var pipeline = await _world.PipelineAsync(Yaml.OneJob);
        _world.Calls.FailNext("IRunGrain.Create");
        await Assert.ThrowsAsync<ControlException>(() => _world.Grain<IPipelineGrain>(pipeline).Start(World.Start("op")));
        var repeated = World.Valid(await _world.Grain<IPipelineGrain>(pipeline).Start(World.Start("op")));
        Assert.Equal(new RunStarted(new RunId(pipeline, 1), true), repeated);
        Assert.NotNull(await _world.Commits.LoadAsync(World.Key(repeated.Run)));
    }

    [Fact]
    public async Task Poke_PipelineWhoseStartsAreAllMade_AdoptedOnceAndLeftAlone()
    {
        var run = await _world.RunAsync(Yaml.OneJob);
        await _world.RestartSiloAsync();
        await _world.Scheduler.Poke();
        var key = new SubjectKey(SubjectKinds.Pipeline, run.Pipeline.ToString());
        var adopted = (await _world.Commits.LoadAsync(key))!;
        Assert.Null(adopted.Index.Owner);
        await _world.RestartSiloAsync();
        await _world.Scheduler.Poke();
        Assert.Equal(adopted.Version, (await _world.Commits.LoadAsync(key))!.Version);
    }

    [Fact]
    public async Task Due_StopLost_SentAgainByTheWake()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        var job = await agent.TakeAsync();
        _world.Calls.FailNext("IAgentGrain.Stop");
        var lost = _world.Calls.Begun("IAgentGrain.Stop");
        World.Valid(await _world.Run(run).Cancel(CancelMode.Now, World.Someone));
        await lost;
        // Before the clock moves: the scheduler's timer may be first.
        var sent = _world.Calls.Begun("IAgentGrain.Stop");
        await _world.AdvanceAsync(TimeSpan.FromSeconds(30));
        await sent;
        Assert.Equal(TestAgent.Lease(job), Assert.Single((await agent.PollAsync()).Stop));
    }

    [Fact]
    public async Task Workspace_OfASiloThatIsGone_NotTouched()
    {
        await _world.PipelineAsync(Yaml.OneJob);
        var key = new SubjectKey(SubjectKinds.Workspace, "w");
        var before = (await _world.Commits.LoadAsync(key))!.Version;
        await _world.RestartSiloAsync();
        await _world.Scheduler.Poke();
        Assert.Equal(before, (await _world.Commits.LoadAsync(key))!.Version);
        World.Valid(await _world.Grain<IWorkspaceGrain>("w").Update(new UpdateWorkspace("new", before, World.Someone)));
    }

    private void Sql(string sql)
    {
        using var store = _world.Lock();
        store.Execute(sql);
    }
}
