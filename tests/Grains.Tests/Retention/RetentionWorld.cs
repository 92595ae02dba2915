using Control.Contracts;
using Control.Contracts.Events;
using Control.Contracts.Retention;
using Control.Contracts.Workspaces;
using Control.Storage.Queries.Events;

namespace Control.Grains.Tests.Retention;

/// <summary>Tests of retention: pipelines with a policy, ended runs, and what became of them.</summary>
public abstract class RetentionWorld : IAsyncLifetime
{
    private protected static readonly PipelineId Pipeline = PipelineId.Parse("w/p");

    private protected World World { get; private set; } = null!;

    private protected IRetentionGrain Retention => World.Grain<IRetentionGrain>(Pipeline);

    private protected static SubjectKey RetentionKey => new(SubjectKinds.Retention, Pipeline.ToString());

    public async Task InitializeAsync()
    {
        World = await Silos.World.StartAsync();
        await PolicyAsync("");
    }

    public async Task DisposeAsync() => await World.DisposeAsync();

    /// <summary>Puts the pipeline with this policy; empty for none.</summary>
    private protected async Task PolicyAsync(string policy) =>
        await World.PipelineAsync(policy.Length == 0 ? Yaml.OneJob : $"retention: {policy}\n{Yaml.OneJob}");

    private protected async Task WorkspacePolicyAsync(RetentionPolicy? policy) =>
        Silos.World.Valid(await World.Grain<IWorkspaceGrain>("w").SetRetention(new SetRetention(policy, Silos.World.Someone)));

    /// <summary>A run that was cancelled.</summary>
    private protected async Task<RunId> EndedAsync()
    {
        var run = await World.RunAsync(Pipeline);
        await EndAsync(run);
        return run;
    }

    private protected async Task EndAsync(RunId run)
    {
        Silos.World.Valid(await World.Run(run).Cancel(CancelMode.Now, Silos.World.Someone));
        await World.UntilRunAsync(run, RunState.Cancelled);
    }

    private protected async Task EndedAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await EndedAsync();
        }
    }

    private protected Task UntilGoneAsync(params IEnumerable<long> numbers) => Task.WhenAll(numbers.Select(number =>
    {
        var key = Silos.World.Key(new RunId(Pipeline, number));
        return World.UntilAsync(key, async () => await World.Commits.LoadAsync(key) is { Index.Deleted: true, NextWake: null } row ? row : null);
    }));

    /// <summary>Numbers of the runs that readers see, of the first so many.</summary>
    private protected async Task<string> LeftAsync(int count)
    {
        var left = new List<long>();
        for (var number = 1L; number <= count; number++)
        {
            if (await World.ViewAsync<RunView>(Silos.World.Key(new RunId(Pipeline, number))) is not null) left.Add(number);
        }

        return string.Join(' ', left);
    }

    /// <summary>Ends when nothing that was to be looked at is left to be done: calls come one after the other.</summary>
    private protected async Task SettledAsync() => await World.UntilAsync(RetentionKey, async () =>
    {
        await Retention.Apply();
        return await World.Commits.LoadAsync(RetentionKey);
    });

    private protected async Task<PruneResult> PruneAsync(RetentionPolicy? policy, bool dryRun = false, long from = 1, int limit = 50) =>
        Silos.World.Valid(await Retention.Prune(new PruneRuns(policy, dryRun, from, limit, Silos.World.Someone)));

    /// <summary>What the events of the pipeline's retention say.</summary>
    private protected async Task<IReadOnlyList<(Actor By, int Keep, int Age, string Runs)>> ToldAsync() =>
        [.. (await new EventReader(World.Service<ControlStore>()).ReadAsync(RetentionKey, 0, 100)).Events.Select(item =>
        {
            Assert.Equal(EventTypes.RunsPruned, item.Type);
            var data = ContractJson.Read<RunsPruned>(item.Data);
            return (item.By, data.BeyondKeep, data.TooOld, string.Join(' ', data.Runs));
        })];
}
