using Orleans.Storage;

namespace Control.Grains.Tests.Runs;

public sealed class RunTests : IAsyncLifetime
{
    private World _world = null!;

    public async Task InitializeAsync() => _world = await World.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Run_TwoStagesWithGateAndOutputs_Succeeds()
    {
        var agent = await _world.AgentAsync(capacity: 2);
        var run = await _world.RunAsync(Yaml.WithGate);
        while (agent.Jobs.Count < 2)
        {
            await agent.TakeAsync();
        }

        var jobs = agent.Jobs.Values.ToList();
        World.Valid(await agent.ReportAsync(jobs[0], ReportKind.Started));
        await agent.EndAsync(jobs.Single(job => job.Attempt.Job.Job == "compile"), ReportKind.Succeeded, ("TAG", "v7"), ("OTHER", "x"));
        await agent.EndAsync(jobs.Single(job => job.Attempt.Job.Job == "lint"));
        var waiting = await _world.UntilRunAsync(run, RunState.Waiting);
        Assert.Equal(StageState.Waiting, waiting.Stages[1].State);

        var decision = new DecideGate("release", true, "Go", ImmutableDictionary<string, string>.Empty.Add("CHANNEL", "stable"), World.Someone, []);
        World.Valid(await _world.Run(run).Decide(decision));
        var push = await agent.TakeAsync();
        Assert.Equal("v7", push.Env.Single(variable => variable.Name == "TAG").Value);
        Assert.Equal("stable", push.Env.Single(variable => variable.Name == "CHANNEL").Value);
        Assert.DoesNotContain(push.Env, variable => variable.Name == "OTHER");
        await agent.EndAsync(push);

        var ended = await _world.UntilRunAsync(run, RunState.Succeeded);
        Assert.Equal(ended.Version, await _world.VersionAsync(run));
        Assert.Equal("succeeded", Conflict(await _world.Run(run).Decide(decision)));
    }

    [Fact]
    public async Task Report_OfManyAgentsAtOnce_GatheredIntoFewCommits()
    {
        const int Count = 40;
        var agents = await Task.WhenAll(Enumerable.Range(1, 4).Select(i => _world.AgentAsync($"a{i}", 10)));
        var run = await _world.RunAsync(Yaml.Jobs(Count));
        await Task.WhenAll(agents.Select(async agent =>
        {
            while (agent.Jobs.Count < 10)
            {
                await agent.TakeAsync();
            }
        }));
        var before = await _world.VersionAsync(run);
        var begun = _world.Calls.Begun("IRunGrain.Report", Count);
        List<Task> reports;
        using (_world.Lock())
        {
            reports = [.. agents.SelectMany(agent => agent.Jobs.Values.Select(job => agent.ReportAsync(job, ReportKind.Succeeded)))];
            await begun;
        }

        await Task.WhenAll(reports);
        // The first alone, then all that came while it was being written.
        Assert.Equal(before + 2, await _world.VersionAsync(run));
        await _world.UntilRunAsync(run, RunState.Succeeded);
    }

    [Fact]
    public async Task Report_ToTheNextStageDelivered_TwoCommits()
    {
        var agent = await _world.AgentAsync(capacity: 2);
        var run = await _world.RunAsync(Yaml.TwoStages);
        var compile = await agent.TakeAsync();
        var before = await _world.VersionAsync(run);
        var parked = await agent.ParkAsync();
        World.Valid(await agent.ReportAsync(compile, ReportKind.Succeeded));
        Assert.Equal("push", Assert.Single((await parked).Start).Attempt.Job.Job);
        Assert.Equal(before + 2, await _world.VersionAsync(run));
    }

    [Fact]
    public async Task Report_SingleSlotToTheNextStageDelivered_TwoCommits()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.TwoStages);
        var compile = await agent.TakeAsync();
        var before = await _world.VersionAsync(run);
        await agent.EndAsync(compile);
        Assert.Equal("push", (await agent.TakeAsync()).Attempt.Job.Job);
        Assert.Equal(before + 2, await _world.VersionAsync(run));
    }

    [Fact]
    public async Task Report_StaleLeaseOrOtherAgent_Refused()
    {
        var agent = await _world.AgentAsync();
        await _world.RunAsync(Yaml.OneJob);
        var job = await agent.TakeAsync();
        Assert.Equal("stale", Conflict(await agent.ReportAsync(job with { Lease = job.Lease + 1 }, ReportKind.Succeeded)));
        var other = await _world.AgentAsync("a2");
        Assert.Equal("stale", Conflict(await other.ReportAsync(job, ReportKind.Succeeded)));
        var nowhere = job with { Attempt = AttemptId.Parse("w/p/99/s.j/1") };
        Assert.Equal("stale", Conflict(await agent.ReportAsync(nowhere, ReportKind.Succeeded)));
        World.Valid(await agent.ReportAsync(job, ReportKind.Succeeded));
        var version = await _world.VersionAsync(job.Attempt.Run);
        World.Valid(await agent.ReportAsync(job, ReportKind.Succeeded));
        Assert.Equal(version, await _world.VersionAsync(job.Attempt.Run));
    }

    [Fact]
    public async Task Create_RepeatedAndConcurrent_OneRun()
    {
        var spec = Control.Engine.Pipelines.PipelineParser.Parse(Yaml.OneJob).Spec!;
        var command = new CreateRun(1, spec, ImmutableSortedDictionary<string, string>.Empty, null, _world.Clock.GetUtcNow(), World.Someone, null);
        var run = RunId.Parse("w/p/1");
        var views = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => _world.Run(run).Create(command)));
        Assert.All(views, view => Assert.Equal((run, 1L), (view.Id, view.Version)));
        Assert.Equal(1, (await _world.Run(run).Create(command)).Version);
        Assert.Equal(1, await _world.VersionAsync(run));
    }

    [Fact]
    public async Task Cancel_Queued_EndsAtOnce()
    {
        var run = await _world.RunAsync(Yaml.OneJob);
        Assert.Equal(RunState.Cancelled, World.Valid(await _world.Run(run).Cancel(CancelMode.Now, World.Someone)).State);
        Assert.Equal(AttemptState.Cancelled, (await _world.AttemptAsync(run, "s.j/1")).State);
        Assert.Equal("cancelled", Conflict(await _world.Run(run).Cancel(CancelMode.Now, World.Someone)));
    }

    [Fact]
    public async Task Cancel_LeasedButNotTaken_AgentIsToldToStopOnly()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        await _world.UntilAttemptAsync(run, "s.j/1", AttemptState.Leased);
        var told = _world.Calls.Begun("IAgentGrain.Stop");
        Assert.Equal(RunState.Cancelling, World.Valid(await _world.Run(run).Cancel(CancelMode.Now, World.Someone)).State);
        await told;
        var orders = await agent.PollAsync();
        Assert.Empty(orders.Start);
        var lease = Assert.Single(orders.Stop);
        var job = new Assignment(lease.Attempt, lease.Lease, agent.Id, [], [], [], [], null, 0, 0, 0, null);
        World.Valid(await agent.ReportAsync(job, ReportKind.Stopped));
        await _world.UntilRunAsync(run, RunState.Cancelled);
    }

    [Fact]
    public async Task Cancel_BeforeTheLeaseIsDelivered_StopIsNotForgotten()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        var delivery = _world.Calls.HoldNext("IAgentGrain.Deliver");
        var run = await _world.RunAsync(Yaml.OneJob);
        await _world.UntilAttemptAsync(run, "s.j/1", AttemptState.Leased);
        var stopped = _world.Calls.Begun("IAgentGrain.Stop");
        World.Valid(await _world.Run(run).Cancel(CancelMode.Now, World.Someone));
        await stopped;
        delivery.SetResult();
        var orders = await agent.PollAsync();
        Assert.Empty(orders.Start);
        Assert.Single(orders.Stop);
    }

    [Fact]
    public async Task Cancel_Running_AgentStopsAndRetryRunsAgain()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        var job = await agent.TakeAsync();
        World.Valid(await agent.ReportAsync(job, ReportKind.Started));
        var parked = await agent.ParkAsync();
        World.Valid(await _world.Run(run).Cancel(CancelMode.Now, World.Someone));
        Assert.Equal(TestAgent.Lease(job), Assert.Single((await parked).Stop));
        await agent.EndAsync(job, ReportKind.Stopped);
        await _world.UntilRunAsync(run, RunState.Cancelled);

        World.Valid(await _world.Run(run).Retry(World.Someone));
        var again = await agent.TakeAsync();
        Assert.Equal((2, job.Lease + 1), (again.Attempt.Number, again.Lease));
        await agent.EndAsync(again);
        await _world.UntilRunAsync(run, RunState.Succeeded);
        Assert.Equal("succeeded", Conflict(await _world.Run(run).Retry(World.Someone)));
    }

    [Fact]
    public async Task Stop_NotConfirmed_RepeatedAfterFiveSeconds()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        var job = await agent.TakeAsync();
        World.Valid(await _world.Run(run).Cancel(CancelMode.Now, World.Someone));
        Assert.Single((await agent.PollAsync()).Stop);
        Assert.Empty((await agent.RenewAsync()).Stop);
        _world.Clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TestAgent.Lease(job), Assert.Single((await agent.RenewAsync()).Stop));
    }

    [Fact]
    public async Task Retry_AfterFailure_OnlyWhatFailed()
    {
        var agent = await _world.AgentAsync(capacity: 2);
        var run = await _world.RunAsync(Yaml.Jobs(2));
        while (agent.Jobs.Count < 2)
        {
            await agent.TakeAsync();
        }

        var jobs = agent.Jobs.Values.ToList();
        await agent.EndAsync(jobs[0]);
        await agent.EndAsync(jobs[1], ReportKind.Failed);
        var failed = await _world.UntilRunAsync(run, RunState.Failed);
        Assert.Equal(Reasons.JobFailed, failed.Reason);
        World.Valid(await _world.Run(run).Retry(World.Someone));
        var again = await agent.TakeAsync();
        Assert.Equal(jobs[1].Attempt.Job, again.Attempt.Job);
        await agent.EndAsync(again);
        await _world.UntilRunAsync(run, RunState.Succeeded);
    }

    [Fact]
    public async Task Commit_OvertakenByAnother_EndsTheActivationAndTheNextCallIsFresh()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        var job = await agent.TakeAsync();
        await _world.OvertakeAsync(World.Key(run));
        await Assert.ThrowsAsync<InconsistentStateException>(() => agent.ReportAsync(job, ReportKind.Succeeded));
        Assert.Equal(AttemptState.Leased, (await _world.AttemptAsync(run, "s.j/1")).State);
        World.Valid(await agent.ReportAsync(job, ReportKind.Succeeded));
        await _world.UntilRunAsync(run, RunState.Succeeded);
    }

    [Fact]
    public async Task Commit_Fails_AllCallersFailAndNothingIsVisible()
    {
        const int Count = 8;
        var agent = await _world.AgentAsync(capacity: Count);
        var run = await _world.RunAsync(Yaml.Jobs(Count));
        while (agent.Jobs.Count < Count)
        {
            await agent.TakeAsync();
        }

        var before = await _world.ViewAsync<RunView>(World.Key(run));
        var begun = _world.Calls.Begun("IRunGrain.Report", Count);
        List<Task<Outcome<Done>>> reports;
        using (var store = _world.Lock())
        {
            reports = [.. agent.Jobs.Values.Select(job => agent.ReportAsync(job, ReportKind.Succeeded))];
            await begun;
            store.Execute($"UPDATE subjects SET version = version + 1 WHERE key = '{run}'");
        }

        foreach (var report in reports)
        {
            await Assert.ThrowsAsync<InconsistentStateException>(() => report);
        }

        Assert.Equivalent(before, await _world.ViewAsync<RunView>(World.Key(run)));
        Assert.Equal(AttemptState.Leased, (await _world.AttemptAsync(run, "s.j1/1")).State);
        foreach (var job in agent.Jobs.Values.ToList())
        {
            await agent.EndAsync(job);
        }

        await _world.UntilRunAsync(run, RunState.Succeeded);
    }

    private static string? Conflict<T>(Outcome<T> outcome)
        where T : class
    {
        Assert.Equal(RefusalKind.Conflict, outcome.Refusal?.Kind);
        return outcome.Refusal!.State;
    }
}
