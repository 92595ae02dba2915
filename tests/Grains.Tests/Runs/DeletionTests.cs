using Control.Contracts;
using Control.Contracts.Events;
using Control.Storage.Logs;
using Control.Storage.Queries.Events;

namespace Control.Grains.Tests.Runs;

/// <summary>What is left of a deleted run, and that nothing brings it back.</summary>
public sealed class DeletionTests : IAsyncLifetime
{
    private World _world = null!;

    public async Task InitializeAsync() => _world = await World.StartAsync();

    public async Task DisposeAsync() => await _world.DisposeAsync();

    [Fact]
    public async Task Delete_Ended_OnlyATombstoneIsLeft_AndLateReportsAreRefused()
    {
        var agent = await _world.AgentAsync();
        var run = await _world.RunAsync(Yaml.OneJob);
        var job = await agent.TakeAsync();
        await _world.Service<LogStore>().AppendAsync(job.Attempt, 0, new byte[1000]);
        Assert.Equal("run-not-finished", (await _world.Run(run).Delete(World.Someone)).Refusal?.Code);
        await agent.EndAsync(job);
        await _world.UntilRunAsync(run, RunState.Succeeded);

        World.Valid(await _world.Run(run).Delete(World.Someone));

        Assert.Null(await _world.ViewAsync<RunView>(World.Key(run)));
        await PurgedAsync(run);
        Assert.Equal(0, await _world.Service<LogStore>().LengthAsync(job.Attempt));
        Assert.Equal("stale-lease", (await agent.ReportAsync(job, ReportKind.Succeeded)).Refusal?.Code);
        Assert.Equal("not-found", (await _world.Run(run).Rerun(new Rerun(null, ImmutableDictionary<string, string>.Empty, null, World.Someone))).Refusal?.Code);
        var last = Assert.Single((await new EventReader(_world.Service<ControlStore>()).ReadAsync(World.Key(run), 0, 100)).Events);
        Assert.Equal((EventTypes.ObjectDeleted, World.Someone), (last.Type, last.By));
    }

    [Fact]
    public async Task Delete_CutOffBeforeTheRowsAreGone_GoneAfterTheNextStart()
    {
        var run = await EndedAsync();
        await TombstoneAsync(run);
        Assert.NotEmpty(await _world.Commits.LoadChildrenAsync(World.Key(run)));
        await _world.RestartSiloAsync();
        _world.Clock.Advance(TimeSpan.FromMinutes(1));
        await _world.Scheduler.Poke();
        await _world.Run(run).Wake();
        await PurgedAsync(run);
    }

    [Fact]
    public async Task Delete_NumberIsNotGivenAgain_AndThePipelinesRepeatMakesNoNewRun()
    {
        var run = await EndedAsync();
        World.Valid(await _world.Run(run).Delete(World.Someone));
        await PurgedAsync(run);
        var version = await _world.VersionAsync(run);
        await _world.RestartSiloAsync();
        // The pipeline had not noted yet that the run was made.
        await _world.Grain<IPipelineGrain>(run.Pipeline).Wake();
        Assert.Equal(version, await _world.VersionAsync(run));
        Assert.Equal(2, (await _world.RunAsync(run.Pipeline)).Number);
        World.Valid(await _world.Run(run).Delete(World.Someone));
    }

    private async Task<RunId> EndedAsync()
    {
        var run = await _world.RunAsync(Yaml.OneJob);
        World.Valid(await _world.Run(run).Cancel(CancelMode.Now, World.Someone));
        await _world.UntilRunAsync(run, RunState.Cancelled);
        return run;
    }

    // As the commit leaves it whose process dies right after.
    private async Task TombstoneAsync(RunId run)
    {
        await _world.StopSiloAsync();
        await _world.StartSiloAsync();
        var row = (await _world.Commits.LoadAsync(World.Key(run)))!;
        var head = ContractJson.Read<Engine.Runs.RunHead>(row.Document) with { Deleted = true, Stages = [] };
        await _world.Commits.CommitAsync(new Commit
        {
            Subject = World.Key(run),
            ExpectedVersion = row.Version,
            Document = ContractJson.Write(head),
            Index = row.Index with { Deleted = true },
            NextWake = _world.Clock.GetUtcNow() + TimeSpan.FromSeconds(30),
        });
    }

    private async Task PurgedAsync(RunId run) => await _world.UntilAsync(World.Key(run), async () =>
    {
        var row = (await _world.Commits.LoadAsync(World.Key(run)))!;
        return row.NextWake is null && (await _world.Commits.LoadChildrenAsync(World.Key(run))).IsEmpty ? row : null;
    });
}
