using Control.Chaos.History;
using Control.Chaos.Sites;
using Control.Cli.Client;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Chaos.Loads;

/// <summary>All clients, and the wait for the end of everything they began.</summary>
internal sealed class Load : IDisposable
{
    /// <summary>The workspace of all runs.</summary>
    public const string Workspace = "chaos";

    private const int Clients = 20;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(2);

    private readonly Site _site;
    private readonly Follower _follower;
    private readonly Client[] _clients;

    private Load(Site site, Recorder recorder, int seed)
    {
        _site = site;
        _follower = new Follower(site, recorder);
        var recipes = Recipe.All(site.Folder);
        _clients = [.. Enumerable.Range(1, Clients).Select(number => new Client(number, site, _follower, recipes, recorder, seed))];
    }

    /// <summary>What the clients were refused, and how often.</summary>
    public IEnumerable<KeyValuePair<string, int>> Refusals => _clients.SelectMany(client => client.Refusals)
        .GroupBy(refusal => refusal.Key).Select(same => KeyValuePair.Create(same.Key, same.Sum(refusal => refusal.Value))).OrderBy(refusal => refusal.Key, StringComparer.Ordinal);

    /// <summary>Makes the workspace and its pipelines.</summary>
    public static async Task<Load> PrepareAsync(Site site, Recorder recorder, int seed, CancellationToken cancellationToken)
    {
        await site.Client.CreateWorkspaceAsync(Workspace, "", cancellationToken);
        foreach (var recipe in Recipe.All(site.Folder))
        {
            await site.Client.PutPipelineAsync(new PipelineId(Workspace, recipe.Name), recipe.Definition, null, createOnly: true, cancellationToken);
        }

        return new Load(site, recorder, seed);
    }

    /// <summary>Lets the clients play until <paramref name="enough"/>; returns when each has seen the end of its last run.</summary>
    public Task PlayAsync(CancellationToken enough, CancellationToken cancellationToken) =>
        Task.WhenAll(_clients.Select(client => client.PlayAsync(enough, cancellationToken)));

    /// <summary>Waits until every run that there is has ended, those included that no client knows of: their gates are approved here.</summary>
    public async Task UntilAllEndedAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookEvery, TimeProvider.System);
        do
        {
            var open = (await AllAsync(cancellationToken)).Where(run => !IsFinal(run.State)).ToArray();
            if (open.Length == 0) return;
            foreach (var run in open.Where(run => run.State == RunState.Waiting)) await ApproveAsync(run.Id, cancellationToken);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>Every run, as the servers list them.</summary>
    public async Task<IReadOnlyList<RunView>> AllAsync(CancellationToken cancellationToken)
    {
        var runs = new List<RunView>();
        for (var page = PageQuery.All; ;)
        {
            var answer = (await _site.Client.ListRunsAsync(Workspace, page, cancellationToken)).Value;
            runs.AddRange(answer.Items);
            if (answer.NextCursor is null) return runs;
            page = page with { Cursor = answer.NextCursor };
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _follower.Dispose();

    private async Task ApproveAsync(RunId run, CancellationToken cancellationToken)
    {
        try
        {
            await _site.Client.ApproveAsync(run, Recipe.Gate, "", new Dictionary<string, string>(), cancellationToken);
        }
        catch (ProblemException)
        {
            // Its client was quicker.
        }
    }

    private static bool IsFinal(RunState state) => state is RunState.Succeeded or RunState.Failed or RunState.Cancelled;
}
