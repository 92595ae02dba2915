using Control.Contracts.Groups;

namespace Control.Grains.Tests.Groups;

public sealed class GroupTests : IAsyncLifetime
{
    private const string OfPipeline = """
        concurrency: deploy
        stages:
          - name: build
            jobs: { a: { steps: ["true"] } }
        """;

    private const string Newest = """
        concurrency: { group: deploy, onLimit: cancelOldest }
        stages:
          - name: build
            jobs: { a: { steps: ["true"] } }
        """;

    private const string OfJobs = """
        stages:
          - name: build
            jobs:
              a: { matrix: { axes: { N: [1, 2, 3, 4, 5, 6] } }, concurrency: { group: tests, limit: 2 }, steps: ["true"] }
        """;

    private static readonly SubjectKey Deploy = new(SubjectKinds.Group, "w/deploy");

    private World _world = null!;

    public async Task InitializeAsync() => _world = await World.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Runs_OfAGroupOfOne_GoOneAfterTheOther()
    {
        var agent = await _world.AgentAsync(capacity: 3);
        var pipeline = await _world.PipelineAsync(OfPipeline);
        var runs = new List<RunId>();
        for (var i = 0; i < 3; i++)
        {
            runs.Add(await _world.RunAsync(pipeline));
            await UntilGroup(view => view.Holding + view.Waiting == runs.Count);
        }

        var view = await UntilGroup(group => group is { Holding: 1, Waiting: 2 });
        Assert.Equal((runs[0], runs[1], runs[2]), (view.Holders[0].Run, view.Waiters[0].Run, view.Waiters[1].Run));
        Assert.Equal(GroupId.Parse("w/deploy"), (await _world.UntilRunAsync(runs[1], RunState.Queued)).WaitsFor);
        foreach (var run in runs)
        {
            var job = await agent.TakeAsync();
            Assert.Equal(run, job.Attempt.Run);
            Assert.Single(agent.Jobs);
            await agent.EndAsync(job);
            await _world.UntilRunAsync(run, RunState.Succeeded);
        }

        await UntilGroup(null);
    }

    [Fact]
    public async Task Jobs_OfAMatrix_KeepToTheLimit()
    {
        var agent = await _world.AgentAsync(capacity: 6);
        var run = await _world.RunAsync(OfJobs);
        for (var ended = 0; ended < 6; ended++)
        {
            while (agent.Jobs.Count < Math.Min(2, 6 - ended))
            {
                await agent.TakeAsync();
            }

            var group = await _world.ViewAsync<GroupView>(new SubjectKey(SubjectKinds.Group, "w/tests"));
            Assert.InRange(group!.Holding, 1, 2);
            await agent.EndAsync(agent.Jobs.Values.First());
        }

        await _world.UntilRunAsync(run, RunState.Succeeded);
    }

    [Fact]
    public async Task CancelOldest_OlderRunEndsAndGivesItsPlace()
    {
        var agent = await _world.AgentAsync(capacity: 2);
        var pipeline = await _world.PipelineAsync(Newest);
        var old = await _world.RunAsync(pipeline);
        var job = await agent.TakeAsync();
        var newer = await _world.RunAsync(pipeline);
        await _world.UntilRunAsync(old, RunState.Cancelling);
        await _world.UntilRunAsync(newer, RunState.Queued);

        await agent.EndAsync(job, ReportKind.Stopped);

        var ended = await _world.UntilRunAsync(old, RunState.Cancelled);
        Assert.Equal((Reasons.Superseded, $"The run {newer} takes its place in the group 'deploy'."), (ended.Reason, ended.Message));
        Assert.Equal(newer, (await agent.TakeAsync()).Attempt.Run);
    }

    [Fact]
    public async Task CancelOldest_ClaimThatComesBehindItsRelease_CancelsNobody()
    {
        var agent = await _world.AgentAsync(capacity: 2);
        var pipeline = await _world.PipelineAsync(Newest);
        var old = await _world.RunAsync(pipeline);
        var job = await agent.TakeAsync();
        var asked = _world.Calls.Begun("IGroupGrain.Claim");
        var claim = _world.Calls.HoldNext("IGroupGrain.Claim");
        var (cancelled, starting) = (new RunId(pipeline, 2), _world.RunAsync(pipeline));
        await asked;
        var released = _world.Calls.Begun("IGroupGrain.Release");
        World.Valid(await _world.Run(cancelled).Cancel(CancelMode.Now, World.Someone));
        await _world.UntilRunAsync(cancelled, RunState.Cancelled);
        await released;

        // Who starts runs one after the other has them claim in that order.
        Assert.False(starting.IsCompleted);
        claim.SetResult();
        Assert.Equal(cancelled, await starting);
        await _world.Grain<IGroupGrain>("w/deploy").CountWaiting();

        await agent.EndAsync(job);
        await _world.UntilRunAsync(old, RunState.Succeeded);
    }

    [Fact]
    public async Task Cancel_WhileItWaits_IsNotGivenAPlace()
    {
        var agent = await _world.AgentAsync();
        var pipeline = await _world.PipelineAsync(OfPipeline);
        var (first, second) = (await _world.RunAsync(pipeline), await _world.RunAsync(pipeline));
        await UntilGroup(view => view is { Holding: 1, Waiting: 1 });

        World.Valid(await _world.Run(second).Cancel(CancelMode.Now, World.Someone));

        await _world.UntilRunAsync(second, RunState.Cancelled);
        await UntilGroup(view => view is { Holding: 1, Waiting: 0 });
        await agent.EndAsync(await agent.TakeAsync());
        await _world.UntilRunAsync(first, RunState.Succeeded);
        await UntilGroup(null);
    }

    [Fact]
    public async Task Claim_Lost_IsAskedAgain()
    {
        _world.Calls.FailNext("IGroupGrain.Claim");
        var lost = _world.Calls.Begun("IGroupGrain.Claim");
        var run = await _world.RunAsync(OfPipeline);
        await lost;
        await _world.UntilRunAsync(run, RunState.Queued);

        await LaterAsync();

        await _world.UntilRunAsync(run, RunState.Running);
    }

    [Fact]
    public async Task Grant_Lost_IsGivenAgain()
    {
        _world.Calls.FailNext("IRunGrain.Answer");
        var lost = _world.Calls.Begun("IRunGrain.Answer");
        var run = await _world.RunAsync(OfPipeline);
        await lost;
        await UntilGroup(view => view.Holding == 1);
        await _world.UntilRunAsync(run, RunState.Queued);

        await LaterAsync();

        await _world.UntilRunAsync(run, RunState.Running);
        Assert.Equal(1, (await UntilGroup(view => view.Holding == 1))!.Holding);
    }

    [Fact]
    public async Task Release_Lost_IsFoundByAsking()
    {
        var agent = await _world.AgentAsync();
        var pipeline = await _world.PipelineAsync(OfPipeline);
        var (first, second) = (await _world.RunAsync(pipeline), await _world.RunAsync(pipeline));
        var job = await agent.TakeAsync();
        await UntilGroup(view => view is { Holding: 1, Waiting: 1 });
        _world.Calls.FailNext("IGroupGrain.Release");
        var lost = _world.Calls.Begun("IGroupGrain.Release");
        await agent.EndAsync(job);
        await lost;
        await _world.UntilRunAsync(first, RunState.Succeeded);
        Assert.Equal(1, (await UntilGroup(view => view.Holding == 1))!.Waiting);

        await LaterAsync();

        Assert.Equal(second, (await agent.TakeAsync()).Attempt.Run);
    }

    [Fact]
    public async Task Restart_PlacesAndQueueAreKept()
    {
        var pipeline = await _world.PipelineAsync(OfPipeline);
        var (first, second) = (await _world.RunAsync(pipeline), await _world.RunAsync(pipeline));
        await _world.UntilRunAsync(first, RunState.Running);
        await UntilGroup(view => view is { Holding: 1, Waiting: 1 });

        await _world.RestartSiloAsync();

        var agent = await _world.AgentAsync();
        var job = await agent.TakeAsync();
        Assert.Equal(first, job.Attempt.Run);
        await agent.EndAsync(job);
        Assert.Equal(second, (await agent.TakeAsync()).Attempt.Run);
    }

    // Timers of grains are on real time; the scheduler is told instead.
    private async Task LaterAsync()
    {
        await _world.AdvanceAsync(TimeSpan.FromSeconds(31));
    }

    // Null: nobody uses it.
    private Task<GroupView> UntilGroup(Func<GroupView, bool>? wanted) => _world.UntilAsync(Deploy, async () =>
        await _world.ViewAsync<GroupView>(Deploy) is { } view
            ? wanted?.Invoke(view) == true ? view : null
            : wanted is null ? new GroupView(default, 0, 0, [], [], 0) : null);
}
