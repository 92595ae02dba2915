using Control.Contracts.Triggers;

namespace Control.Grains.Tests.Triggers;

/// <summary>Triggers start runs by the clock, one for each time, whatever dies.</summary>
public sealed class TriggerTests : IAsyncLifetime
{
    private const string Hourly = """
        parameters: { WHO: { default: nobody } }
        triggers: { hourly: { cron: "0 * * * *", parameters: { WHO: you } } }
        stages: [{ name: build, jobs: { a: { steps: ["true"] } } }]
        """;

    private static readonly PipelineId Pipeline = new("w", "p");
    private static readonly SubjectKey Subject = new(SubjectKinds.Trigger, "w/p");

    private World _world = null!;

    public async Task InitializeAsync() => _world = await World.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task TimeComes_StartsARunInTheTriggersName()
    {
        await _world.PipelineAsync(Hourly);
        var next = (await UntilAsync(view => view.Triggers[0].NextAt is not null)).Triggers[0].NextAt!.Value;

        await ToAsync(next);

        var last = (await UntilAsync(view => view.Triggers[0].Last is not null)).Triggers[0];
        Assert.Equal((next, new RunId(Pipeline, 1), next.AddHours(1)), (last.Last!.At, last.Last.Run, last.NextAt));
        var run = await _world.UntilRunAsync(new RunId(Pipeline, 1), RunState.Running);
        Assert.Equal((new Actor(ActorKind.Trigger, "hourly", "hourly"), "you"), (run.StartedBy, run.Parameters["WHO"]));
    }

    [Fact]
    public async Task TimeBeforeIt_StartsNothing()
    {
        await _world.PipelineAsync(Hourly);
        var next = (await UntilAsync(view => view.Triggers[0].NextAt is not null)).Triggers[0].NextAt!.Value;

        await ToAsync(next.AddSeconds(-1));
        await Grain.Wake();

        Assert.Null((await _world.ViewAsync<TriggersView>(Subject))!.Triggers[0].Last);
    }

    [Fact]
    public async Task Silo_AwayForHours_StartsOneRunForWhatWasMissed()
    {
        await _world.PipelineAsync(Hourly);
        var next = (await UntilAsync(view => view.Triggers[0].NextAt is not null)).Triggers[0].NextAt!.Value;
        await _world.StopSiloAsync();
        _world.Clock.Advance(next.AddHours(4.5) - _world.Clock.GetUtcNow());

        await _world.StartSiloAsync();

        await ToAsync(_world.Clock.GetUtcNow());
        var last = (await UntilAsync(view => view.Triggers[0].Last is not null)).Triggers[0];
        Assert.Equal((next.AddHours(4), new RunId(Pipeline, 1), next.AddHours(5)), (last.Last!.At, last.Last.Run, last.NextAt));
        Assert.Null(await _world.ViewAsync<RunView>(World.Key(new RunId(Pipeline, 2))));
    }

    [Theory]
    [InlineData("IPipelineGrain.Start", false)]
    [InlineData("IPipelineGrain.Start", true)]
    [InlineData("ITriggerGrain.Fired", false)]
    [InlineData("ITriggerGrain.Fired", true)]
    public async Task Call_OrItsAnswer_Lost_StillOneRun(string method, bool isCarriedOut)
    {
        await _world.PipelineAsync(Hourly);
        var next = (await UntilAsync(view => view.Triggers[0].NextAt is not null)).Triggers[0].NextAt!.Value;
        var lost = _world.Calls.Begun(method);
        if (isCarriedOut) _world.Calls.LoseNextAnswer(method);
        else _world.Calls.FailNext(method);
        await ToAsync(next);
        await lost;

        var last = (await LaterAsync(view => view.Triggers[0].Last is not null)).Triggers[0].Last!;
        Assert.Equal((next, new RunId(Pipeline, 1)), (last.At, last.Run));
        Assert.Null(await _world.ViewAsync<RunView>(World.Key(new RunId(Pipeline, 2))));
    }

    [Fact]
    public async Task Start_Refused_IsShownAndTheNextTimeComes()
    {
        await _world.PipelineAsync(Hourly);
        var next = (await UntilAsync(view => view.Triggers[0].NextAt is not null)).Triggers[0].NextAt!.Value;
        World.Valid(await _world.Grain<Contracts.Workspaces.IWorkspaceGrain>("w").SetLimits(new Contracts.Workspaces.SetLimits(new(1, 1, 0), World.Someone)));
        await _world.RunAsync(Pipeline);
        await _world.RunAsync(Pipeline);
        await _world.UntilRunAsync(new RunId(Pipeline, 2), RunState.Queued);

        await ToAsync(next);

        var trigger = (await UntilAsync(view => view.Triggers[0].Last is not null)).Triggers[0];
        Assert.Null(trigger.Last!.Run);
        Assert.Contains("wait already", trigger.Last.Refusal, StringComparison.Ordinal);
        Assert.Equal(next.AddHours(1), trigger.NextAt);
    }

    [Fact]
    public async Task Paused_StartsNothing_UntilResumed()
    {
        await _world.PipelineAsync(Hourly);
        var next = (await UntilAsync(view => view.Triggers[0].NextAt is not null)).Triggers[0].NextAt!.Value;
        World.Valid(await Grain.Pause(new PauseTrigger("hourly", new(true, "holidays", World.Someone))));
        await ToAsync(next.AddHours(2));
        await Grain.Wake();
        var paused = (await _world.ViewAsync<TriggersView>(Subject))!.Triggers[0];
        Assert.Equal((null, null, "holidays"), (paused.Last, paused.NextAt, paused.Pause?.Reason));

        World.Valid(await Grain.Pause(new PauseTrigger("hourly", new(false, "", World.Someone))));
        await ToAsync(next.AddHours(3));

        Assert.Equal(next.AddHours(3), (await UntilAsync(view => view.Triggers[0].Last is not null)).Triggers[0].Last!.At);
    }

    [Fact]
    public async Task Pause_OfNone_IsRefused()
    {
        await _world.PipelineAsync(Hourly);
        Assert.Equal("not-found", (await Grain.Pause(new PauseTrigger("daily", new(true, "", World.Someone)))).Refusal!.Code);
    }

    [Fact]
    public async Task Definition_WithoutIt_OrPipelineDeleted_StartsNothingMore()
    {
        await _world.PipelineAsync(Hourly);
        await UntilAsync(view => view.Triggers[0].NextAt is not null);
        var pipeline = _world.Grain<IPipelineGrain>("w/p");
        World.Valid(await pipeline.Put(new PutPipeline(Hourly.Replace("hourly:", "often:", StringComparison.Ordinal), null, false, World.Someone)));
        Assert.Equal("often", Assert.Single((await _world.ViewAsync<TriggersView>(Subject))!.Triggers).Name);

        World.Valid(await pipeline.Delete(null, World.Someone));

        Assert.Null(await _world.ViewAsync<TriggersView>(Subject));
        await ToAsync(_world.Clock.GetUtcNow().AddHours(2));
        await Grain.Wake();
        Assert.Null(await _world.ViewAsync<RunView>(World.Key(new RunId(Pipeline, 1))));
    }

    private ITriggerGrain Grain => _world.Grain<ITriggerGrain>("w/p");

    private Task ToAsync(DateTimeOffset time) => _world.AdvanceAsync(time - _world.Clock.GetUtcNow());

    // Time goes on until then, by what it takes to look again.
    private Task<TriggersView> LaterAsync(Func<TriggersView, bool> wanted) => _world.UntilAsync(Subject, async () =>
    {
        if (await _world.ViewAsync<TriggersView>(Subject) is { } view && wanted(view))
        {
            return view;
        }

        await ToAsync(_world.Clock.GetUtcNow().AddSeconds(31));
        return null;
    });

    private Task<TriggersView> UntilAsync(Func<TriggersView, bool> wanted) => _world.UntilAsync(
        Subject, async () => await _world.ViewAsync<TriggersView>(Subject) is { } view && wanted(view) ? view : null);
}
