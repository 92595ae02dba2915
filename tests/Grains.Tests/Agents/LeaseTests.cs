namespace Control.Grains.Tests.Agents;

public sealed class LeaseTests : IAsyncLifetime
{
    private World _world = null!;

    public async Task InitializeAsync() => _world = await World.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Poll_TwoAgentsCompete_EachAttemptLeasedOnce()
    {
        const int Count = 20;
        var agents = new[] { await _world.AgentAsync("a1", 2), await _world.AgentAsync("a2", 2) };
        var run = await _world.RunAsync(Yaml.Jobs(Count));
        var taken = 0;
        var jobs = await Task.WhenAll(agents.Select(async agent =>
        {
            var mine = new List<Assignment>();
            while (await NextAsync(agent, () => Volatile.Read(ref taken) < Count) is { } job)
            {
                Interlocked.Increment(ref taken);
                mine.Add(job);
                await agent.EndAsync(job);
            }

            return mine;
        }));
        await _world.UntilRunAsync(run, RunState.Succeeded);
        var all = jobs.SelectMany(mine => mine).ToList();
        Assert.Equal(Count, all.Count);
        Assert.Equal(Count, all.Select(job => job.Attempt).Distinct().Count());
        Assert.Equal(Enumerable.Range(1, Count).Select(i => (long)i), all.Select(job => job.Lease).Order());
        Assert.All(jobs.Zip(agents), pair => Assert.All(pair.First, job => Assert.Equal(pair.Second.Id, job.Agent)));
    }

    [Fact]
    public async Task Reserve_SeveralPoolsAndOneSlot_NeverTwoLeases()
    {
        var agent = await _world.AgentAsync("a1", 1, "x", "y", "z");
        await agent.RenewAsync();
        var pipelines = new List<PipelineId>();
        foreach (var label in new[] { "", "x", "y", "z", "x, y" })
        {
            pipelines.Add(await _world.PipelineAsync(Yaml.Jobs(3, label), $"w/p{pipelines.Count}"));
        }

        var runs = await Task.WhenAll(pipelines.Select(pipeline => _world.RunAsync(pipeline)));
        for (var i = 0; i < 15; i++)
        {
            var job = await agent.TakeAsync();
            Assert.Single(agent.Jobs);
            Assert.Single(await _world.Service<Control.Storage.Work.WorkIndex>().HeldByAsync("a1"));
            await agent.EndAsync(job);
        }

        foreach (var run in runs)
        {
            await _world.UntilRunAsync(run, RunState.Succeeded);
        }
    }

    [Fact]
    public async Task Poll_CapacityThree_ThreeAtATime()
    {
        var agent = await _world.AgentAsync(capacity: 3);
        await _world.RunAsync(Yaml.Jobs(5));
        while (agent.Jobs.Count < 3)
        {
            await agent.TakeAsync();
        }

        Assert.Empty((await agent.RenewAsync()).Start);
        Assert.Equal(3, (await _world.Service<Control.Storage.Work.WorkIndex>().HeldByAsync("a1")).Length);
        await agent.EndAsync(agent.Jobs.Values.First());
        await agent.TakeAsync();
        Assert.Equal(3, agent.Jobs.Count);
    }

    [Fact]
    public async Task Poll_AgentJoinsWhileWorkIsQueued_GetsItAtOnce()
    {
        await _world.RunAsync(Yaml.Jobs(1, "gpu"));
        var wrong = await _world.AgentAsync("a1");
        await wrong.RenewAsync();
        var right = await _world.AgentAsync("a2", 1, "gpu", "linux");
        var reads = _world.Calls.Count("IPoolGrain.Wake");
        Assert.Equal("j1", (await right.TakeAsync()).Attempt.Job.Job);
        Assert.Equal(reads, _world.Calls.Count("IPoolGrain.Wake"));
    }

    [Fact]
    public async Task Poll_AnswerWithALeaseLost_DeliveredAgainUnderTheSameLease()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        var lost = Assert.Single(World.Valid(await agent.SendAsync()).Start);
        var version = await _world.VersionAsync(run);
        var again = Assert.Single((await agent.PollAsync()).Start);
        Assert.Equal((lost.Attempt, lost.Lease), (again.Attempt, again.Lease));
        Assert.Equal(version, await _world.VersionAsync(run));
        Assert.Empty((await agent.RenewAsync()).Start);
    }

    [Fact]
    public async Task Poll_CancelledAfterTheLease_NextPollGetsIt()
    {
        var agent = await _world.AgentAsync();
        using var gone = new CancellationTokenSource();
        var parked = await agent.ParkAsync(gone.Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => parked);
        var run = await _world.RunAsync(Yaml.OneJob);
        await _world.UntilAttemptAsync(run, "s.j/1", AttemptState.Leased);
        Assert.Equal(1, (await agent.TakeAsync()).Lease);
    }

    [Fact]
    public async Task Poll_ReplacedByANewerOne_GoesHomeEmptyAndTheNewerGetsTheWork()
    {
        var agent = await _world.AgentAsync();
        var older = await agent.ParkAsync();
        var newer = await agent.ParkAsync();
        Assert.Empty((await older).Start);
        await _world.RunAsync(Yaml.OneJob);
        Assert.Single((await newer).Start);
    }

    // Or the grain could not leave a silo that stops before the poll's 20 s are over.
    [Fact]
    public async Task Poll_ParkedWhileTheSiloBeginsToStop_ComesHomeAndTheNextOneParksBriefly()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        var parked = await agent.ParkAsync();

        await _world.Stopping.CancelAsync();

        Assert.Empty((await parked).Start);
        var next = await agent.ParkAsync();
        Assert.False(next.IsCompleted);
        _world.Clock.Advance(TimeSpan.FromMilliseconds(250));
        Assert.Empty((await next).Start);
    }

    [Fact]
    public async Task Poll_OlderOneStillBeingTakenIn_DoesNotTakeTheParkingPlace()
    {
        var agent = await _world.AgentAsync();
        await _world.RunAsync(Yaml.OneJob);
        var job = await agent.TakeAsync();
        agent.Jobs.Clear();
        // The older poll waits for an answer of the run while the newer one comes and parks.
        var gate = _world.Calls.HoldNext("IRunGrain.GetAssignment");
        var asked = _world.Calls.Begun("IRunGrain.GetAssignment");
        var older = await agent.ParkAsync();
        await asked;
        agent.Jobs.Add(TestAgent.Lease(job), job);
        var newer = await agent.ParkAsync();
        gate.SetResult();
        Assert.Empty((await older).Start);
        World.Valid(await _world.Run(job.Attempt.Run).Cancel(CancelMode.Now, World.Someone));
        Assert.Single((await newer).Stop);
    }

    [Fact]
    public async Task Poll_OvertakenMessage_NotListenedTo()
    {
        var agent = await _world.AgentAsync();
        await _world.RunAsync(Yaml.OneJob);
        var job = await agent.TakeAsync();
        agent.Sequence -= 1;
        agent.Jobs.Clear();
        Assert.Empty((await agent.RenewAsync()).Start);
        agent.Jobs.Add(TestAgent.Lease(job), job);
        Assert.Empty((await agent.RenewAsync()).Forget);
    }

    [Fact]
    public async Task Poll_HoldsALeaseThatDoesNotHold_ToldToForget()
    {
        var agent = await _world.AgentAsync();
        await _world.RunAsync(Yaml.OneJob);
        var job = await agent.TakeAsync();
        var stale = job with { Lease = 77 };
        agent.Jobs.Add(TestAgent.Lease(stale), stale);
        Assert.Equal(TestAgent.Lease(stale), Assert.Single((await agent.PollAsync()).Forget));
        Assert.Equal(TestAgent.Lease(job), Assert.Single(agent.Jobs).Key);
    }

    [Fact]
    public async Task Poll_ClaimsAnotherAgentsLease_NeitherGetsItNorLosesIt()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        var job = await agent.TakeAsync();
        var thief = await _world.AgentAsync("a2");
        thief.Jobs.Add(TestAgent.Lease(job), job);
        Assert.Equal(TestAgent.Lease(job), Assert.Single((await thief.PollAsync()).Forget));
        Assert.Empty((await thief.RenewAsync()).Start);
        thief.Reboot();
        await thief.RenewAsync();
        Assert.Equal(AttemptState.Leased, (await _world.AttemptAsync(run, "s.j/1")).State);
    }

    [Fact]
    public async Task Deliver_LostAfterTheLease_FoundInTheRows()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        _world.Calls.FailNext("IAgentGrain.Deliver");
        var failed = _world.Calls.Begun("IAgentGrain.Deliver");
        await _world.RunAsync(Yaml.OneJob);
        await failed;
        Assert.Empty((await agent.RenewAsync()).Start);
        _world.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(1, Assert.Single((await agent.RenewAsync()).Start).Lease);
    }

    [Fact]
    public async Task TryLease_AnswerLost_LeaseFoundInTheRows()
    {
        var agent = await _world.AgentAsync();
        await agent.RenewAsync();
        _world.Calls.LoseNextAnswer("IRunGrain.TryLease");
        var run = await _world.RunAsync(Yaml.OneJob);
        await _world.UntilAttemptAsync(run, "s.j/1", AttemptState.Leased);
        _world.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(1, (await agent.TakeAsync()).Lease);
    }

    [Fact]
    public async Task Remove_WhileWorking_WorkIsLostAndItStaysRemoved()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        var job = await agent.TakeAsync();
        var parked = await agent.ParkAsync();
        World.Valid(await _world.Grain<IAgentGrain>("a1").Remove(World.Someone));
        await Assert.ThrowsAnyAsync<Xunit.Sdk.XunitException>(() => parked);
        Assert.Equal(Reasons.AgentLost, (await _world.UntilAttemptAsync(run, "s.j/1", AttemptState.Lost)).Reason);
        Assert.Equal(RefusalKind.NotFound, (await agent.SendAsync()).Refusal?.Kind);
        Assert.Equal(RefusalKind.Conflict, (await agent.ReportAsync(job, ReportKind.Succeeded)).Refusal?.Kind);
        Assert.Equal(RefusalKind.NotFound, (await _world.Grain<IAgentGrain>("a1").Remove(World.Someone)).Refusal?.Kind);
    }

    [Fact]
    public async Task Remove_WhileAPollComesOnline_StaysRemoved()
    {
        var agent = await _world.AgentAsync();
        // Both are taken in while the store is busy: the poll's change comes into one commit with the removal, or after it.
        Task<Outcome<Done>> removal;
        Task<Outcome<AgentOrders>> poll;
        using (_world.Lock())
        {
            var begun = _world.Calls.Begun("IAgentGrain.Remove");
            removal = _world.Grain<IAgentGrain>("a1").Remove(World.Someone);
            await begun;
            begun = _world.Calls.Begun("IAgentGrain.Poll");
            poll = agent.SendAsync(TimeSpan.Zero);
            await begun;
        }

        World.Valid(await removal);
        Assert.Equal(RefusalKind.NotFound, (await poll).Refusal?.Kind);
        await _world.UntilAgentAsync(agent.Id, AgentState.Removed);
    }

    [Fact]
    public async Task Remove_LossNotConfirmed_SchedulerSettlesIt()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        await agent.TakeAsync();
        _world.Calls.FailNext("IRunGrain.AttemptLost");
        World.Valid(await _world.Grain<IAgentGrain>("a1").Remove(World.Someone));
        Assert.Equal(AttemptState.Leased, (await _world.AttemptAsync(run, "s.j/1")).State);
        await _world.RestartSiloAsync();
        await _world.AdvanceAsync(TimeSpan.FromMinutes(1));
        await _world.UntilAttemptAsync(run, "s.j/1", AttemptState.Lost);
    }

    private static async Task<Assignment?> NextAsync(TestAgent agent, Func<bool> goOn)
    {
        while (goOn())
        {
            if (agent.Jobs.Count > 0)
            {
                return agent.Jobs.Values.First();
            }

            // Parks while there is no work for it; the other's last job must not leave it waiting.
            await agent.PollAsync(TimeSpan.Zero);
        }

        return agent.Jobs.Values.FirstOrDefault();
    }
}
