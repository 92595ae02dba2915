namespace Control.Grains.Tests.Agents;

/// <summary>
/// Agents that lose answers, reboot and fall silent, runs that are cancelled and retried, commits that fail, silos that are
/// stopped: whatever happens, every run comes to an end and no lease is ever with two.
/// </summary>
public sealed class ChaosTests : IAsyncLifetime
{
    private const int Pipelines = 6;

    private static readonly string[] Pools = ["*", "x", "x,y"];

    private World _world = null!;

    public async Task InitializeAsync() => _world = await World.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Everything_AtRandom_RunsEndAndLeasesAreUnique(int seed)
    {
        var random = new Random(seed);
        var agents = new[] { await _world.AgentAsync("a1", 1), await _world.AgentAsync("a2", 2, "x"), await _world.AgentAsync("a3", 3, "x", "y") };
        var runs = new List<RunId>();
        for (var i = 0; i < Pipelines; i++)
        {
            var labels = (i % 3) switch { 0 => "", 1 => "x", _ => "x, y" };
            runs.Add(await _world.RunAsync(await _world.PipelineAsync(Yaml.Jobs(3, labels, ", retry: 10, lostAfter: 30s"), $"w/p{i}")));
        }

        var holders = new Dictionary<LeaseRef, AgentId>();
        for (var step = 0; step < 300; step++)
        {
            await StepAsync(random, agents[random.Next(agents.Length)], runs, holders);
        }

        await EndAsync(agents, runs, holders);
    }

    private async Task StepAsync(Random random, TestAgent agent, List<RunId> runs, Dictionary<LeaseRef, AgentId> holders)
    {
        var run = runs[^random.Next(1, Math.Min(runs.Count, Pipelines) + 1)];
        switch (random.Next(20))
        {
            case 0:
                agent.Reboot();
                break;
            case 1:
                _world.Clock.Advance(TimeSpan.FromSeconds(random.Next(1, 40)));
                await TryAsync(() => _world.Grain<IAgentGrain>(agent.Id).Wake());
                break;
            case 2:
                await TryAsync(() => _world.Run(run).Cancel(CancelMode.Now, World.Someone));
                break;
            case 3:
                await TryAsync(() => _world.Run(run).Retry(World.Someone));
                break;
            case 4:
                _world.Calls.LoseNextAnswer(Pick(random, "IRunGrain.TryLease", "IAgentGrain.Deliver", "IRunGrain.Report", "IRunGrain.AttemptLost"));
                break;
            case 5:
                _world.Calls.FailNext(Pick(random, "IAgentGrain.Deliver", "IAgentGrain.Stop", "IPoolGrain.Enqueue", "IRunGrain.GetAssignment", "IAgentGrain.Reserve"));
                break;
            case 6:
                await TryAsync(() => _world.OvertakeAsync(random.Next(2) == 0 ? World.Key(run) : new SubjectKey(SubjectKinds.Agent, agent.Id.Value)));
                break;
            case 7 when random.Next(4) == 0:
                await _world.RestartSiloAsync();
                await TryAsync(_world.Scheduler.Poke);
                break;
            case 8 or 9:
                // The answer is lost on the way.
                await TryAsync(() => agent.SendAsync(TimeSpan.Zero));
                break;
            case 10:
                await TryAsync(async () => runs.Add(await _world.RunAsync(run.Pipeline)));
                break;
            default:
                await WorkAsync(random, agent, holders);
                break;
        }
    }

    private static async Task WorkAsync(Random random, TestAgent agent, Dictionary<LeaseRef, AgentId> holders)
    {
        AgentOrders? orders = null;
        await TryAsync(async () => orders = await agent.PollAsync(TimeSpan.Zero));
        foreach (var job in agent.Jobs.Values)
        {
            Check(agent, job, holders);
        }

        foreach (var job in agent.Jobs.Values.Where(_ => random.Next(3) == 0).ToList())
        {
            await ReportAsync(agent, job, orders?.Stop.Contains(TestAgent.Lease(job)) == true ? ReportKind.Stopped : ReportKind.Succeeded);
        }
    }

    // As the real agent: a report that is refused ends the matter, one that fails is repeated with the next poll.
    private static Task ReportAsync(TestAgent agent, Assignment job, ReportKind kind) => TryAsync(async () =>
    {
        await agent.ReportAsync(job, kind);
        agent.Jobs.Remove(TestAgent.Lease(job));
    });

    private async Task EndAsync(TestAgent[] agents, List<RunId> runs, Dictionary<LeaseRef, AgentId> holders)
    {
        _world.Calls.Clear();
        var all = Task.WhenAll(runs.Select(run => _world.UntilRunAsync(run, RunState.Succeeded, RunState.Cancelled, RunState.Failed)));
        // Renewals, pokes and reconciles come every 5 s of a clock that goes a hundred times as fast as the real one.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!all.IsCompleted && await timer.WaitForNextTickAsync())
        {
            _world.Clock.Advance(TimeSpan.FromSeconds(5));
            await TryAsync(_world.Scheduler.Poke);
            await Task.WhenAll(Pools.Select(pool => _world.Grain<IPoolGrain>(pool).Wake()));
            foreach (var agent in agents)
            {
                await EndJobsAsync(agent, holders);
            }
        }

        await all;
        Assert.Empty(await _world.Service<Control.Storage.Work.WorkIndex>().QueuesAsync());
    }

    private static async Task EndJobsAsync(TestAgent agent, Dictionary<LeaseRef, AgentId> holders)
    {
        AgentOrders? orders = null;
        await TryAsync(async () => orders = await agent.RenewAsync());
        foreach (var lease in orders?.Stop ?? [])
        {
            var job = agent.Jobs.GetValueOrDefault(lease) ?? new Assignment(lease.Attempt, lease.Lease, agent.Id, [], [], [], [], null, 0, 0, 0, null);
            await ReportAsync(agent, job, ReportKind.Stopped);
        }

        foreach (var job in agent.Jobs.Values.ToList())
        {
            Check(agent, job, holders);
            await ReportAsync(agent, job, ReportKind.Succeeded);
        }
    }

    private static void Check(TestAgent agent, Assignment job, Dictionary<LeaseRef, AgentId> holders)
    {
        holders.TryAdd(TestAgent.Lease(job), agent.Id);
        Assert.Equal(agent.Id, holders[TestAgent.Lease(job)]);
    }

    private static string Pick(Random random, params ReadOnlySpan<string> methods) => methods[random.Next(methods.Length)];

    // Faults are what this is about; only a time-out would mean that something hangs.
    private static async Task TryAsync(Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (Exception fault) when (fault is ControlException or Orleans.Storage.InconsistentStateException)
        {
        }
    }
}
