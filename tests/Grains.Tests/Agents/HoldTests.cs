using Control.Contracts.Workspaces;

namespace Control.Grains.Tests.Agents;

/// <summary>Holding the jobs of a workspace or a pool, and the turns that workspaces take.</summary>
public sealed class HoldTests : IAsyncLifetime
{
    private World _world = null!;

    public async Task InitializeAsync() => _world = await World.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Workspace_Held_ItsJobsWaitAndOthersGo()
    {
        var (held, other) = (await _world.PipelineAsync(Yaml.OneJob, "w/p"), await _world.PipelineAsync(Yaml.OneJob, "v/p"));
        var waiting = await _world.RunAsync(held);
        await _world.UntilAttemptAsync(waiting, "s.j/1", AttemptState.Queued);
        World.Valid(await Workspace("w").Hold(new SetHold(true, "Maintenance", World.Someone)));
        var agent = await _world.AgentAsync(capacity: 2);
        var going = await _world.RunAsync(other);

        Assert.Equal(going, (await agent.TakeAsync()).Attempt.Run);
        await _world.Grain<IPoolGrain>("*").Wake();
        Assert.Equal(AttemptState.Queued, (await _world.AttemptAsync(waiting, "s.j/1")).State);
        var view = await _world.ViewAsync<WorkspaceView>(new SubjectKey(SubjectKinds.Workspace, "w"));
        Assert.Equal("Maintenance", view!.Hold?.Reason);

        World.Valid(await Workspace("w").Hold(new SetHold(false, "", World.Someone)));
        Assert.Equal(waiting, (await agent.TakeAsync()).Attempt.Run);
    }

    [Fact]
    public async Task Pool_Held_ItsJobsWaitOverARestart()
    {
        var agent = await _world.AgentAsync("a1", 2, "x");
        var (plain, labelled) = (await _world.PipelineAsync(Yaml.Jobs(1), "w/plain"), await _world.PipelineAsync(Yaml.Jobs(1, "x"), "w/labelled"));
        World.Valid(await _world.Grain<IPoolGrain>("x").Hold(new SetHold(true, "", World.Someone)));
        var waiting = await _world.RunAsync(labelled);
        var going = await _world.RunAsync(plain);
        Assert.Equal(going, (await agent.TakeAsync()).Attempt.Run);

        await _world.RestartSiloAsync();
        await agent.RenewAsync();
        await _world.Grain<IPoolGrain>("x").Wake();
        Assert.Equal(AttemptState.Queued, (await _world.AttemptAsync(waiting, "s.j1/1")).State);

        World.Valid(await _world.Grain<IPoolGrain>("x").Hold(new SetHold(false, "", World.Someone)));
        Assert.Equal(waiting, (await agent.TakeAsync()).Attempt.Run);
        Assert.Null(await _world.ViewAsync<PoolView>(new SubjectKey(SubjectKinds.Pool, "x")));
    }

    [Fact]
    public async Task LongQueueOfOneWorkspace_AnotherDoesNotWaitForItsEnd()
    {
        var (busy, other) = (await _world.PipelineAsync(Yaml.Jobs(10), "w/p"), await _world.PipelineAsync(Yaml.OneJob, "v/p"));
        var many = await _world.RunAsync(busy);
        await _world.UntilAttemptAsync(many, "s.j10/1", AttemptState.Queued);
        var one = await _world.RunAsync(other);
        await _world.UntilAttemptAsync(one, "s.j/1", AttemptState.Queued);

        var agent = await _world.AgentAsync(capacity: 2);
        await agent.TakeAsync();
        while (agent.Jobs.Count < 2)
        {
            await agent.TakeAsync();
        }

        Assert.Contains(agent.Jobs.Values, job => job.Attempt.Run == one);
    }

    [Fact]
    public async Task Limits_RunningRuns_FurtherOnesWaitAndThenStartsAreRefused()
    {
        var pipeline = await _world.PipelineAsync(Yaml.OneJob);
        World.Valid(await Workspace("w").SetLimits(new SetLimits(new WorkspaceLimits(1, 1, 2L << 20), World.Someone)));
        var first = await _world.RunAsync(pipeline);
        await _world.UntilRunAsync(first, RunState.Running);
        var second = await _world.RunAsync(pipeline);
        Assert.Equal("workspace-runs", (await _world.UntilRunAsync(second, RunState.Queued)).WaitsFor?.Name);
        await _world.UntilAsync(
            new SubjectKey(SubjectKinds.Group, "w/workspace-runs"),
            async () => await _world.ViewAsync<Control.Contracts.Groups.GroupView>(new SubjectKey(SubjectKinds.Group, "w/workspace-runs")) is { Waiting: 1 } view ? view : null);

        var refused = await _world.Grain<IPipelineGrain>(pipeline).Start(World.Start("third"));
        Assert.Equal((RefusalKind.LimitReached, "queue-full"), (refused.Refusal?.Kind, refused.Refusal?.Code));

        var agent = await _world.AgentAsync();
        var job = await agent.TakeAsync();
        Assert.Equal((first, 2L << 20), (job.Attempt.Run, job.LogLimitBytes));
        await agent.EndAsync(job);
        Assert.Equal(second, (await agent.TakeAsync()).Attempt.Run);
    }

    [Fact]
    public async Task Limits_Raised_WhoWaitsGoesOn()
    {
        var pipeline = await _world.PipelineAsync(Yaml.OneJob);
        World.Valid(await Workspace("w").SetLimits(new SetLimits(new WorkspaceLimits(1, 0, 0), World.Someone)));
        var (first, second) = (await _world.RunAsync(pipeline), await _world.RunAsync(pipeline));
        await _world.UntilRunAsync(first, RunState.Running);
        await _world.UntilRunAsync(second, RunState.Queued);

        World.Valid(await Workspace("w").SetLimits(new SetLimits(WorkspaceLimits.None, World.Someone)));

        await _world.UntilRunAsync(second, RunState.Running);
    }

    private IWorkspaceGrain Workspace(string name) => _world.Grain<IWorkspaceGrain>(name);
}
