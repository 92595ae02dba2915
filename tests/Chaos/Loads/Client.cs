using System.Collections.Concurrent;
using System.Globalization;
using Control.Chaos.History;
using Control.Chaos.Sites;
using Control.Cli.Client;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Chaos.Loads;

/// <summary>Starts runs one after another, follows each to its end, approves its gates, cancels or retries it.</summary>
internal sealed class Client(int number, Site site, Follower follower, IReadOnlyList<Recipe> recipes, Recorder recorder, int seed)
{
    private readonly Random _random = new(HashCode.Combine(seed, number));

    /// <summary>Refusals and failures that a call ended with after all its repeats, by what they say.</summary>
    public ConcurrentDictionary<string, int> Refusals { get; } = [];

    /// <summary>Starts runs until <paramref name="enough"/>, and follows the last one to its end.</summary>
    public async Task PlayAsync(CancellationToken enough, CancellationToken cancellationToken)
    {
        for (var order = 1; !enough.IsCancellationRequested; order++)
        {
            var recipe = recipes[_random.Next(recipes.Count)];
            var name = string.Create(CultureInfo.InvariantCulture, $"client-{number}-{order}");
            RunId? run = null;
            await AskAsync("start", async () => run = (await site.Client.StartRunAsync(
                new PipelineId(Load.Workspace, recipe.Name), new Dictionary<string, string> { ["ORDER"] = name }, null, cancellationToken)).Value.Id);
            if (run is not { } started) continue;
            recorder.Note(new RunAccepted(Recorder.Now, started));
            await Task.WhenAll(FollowAsync(recipe, started, cancellationToken), order % 3 == 0 ? WatchAsync(started, cancellationToken) : Task.CompletedTask);
        }
    }

    private async Task FollowAsync(Recipe recipe, RunId run, CancellationToken cancellationToken)
    {
        var (last, isToBeCancelled, isToBeRetried) = (new Follower.Position(), _random.NextDouble() < recipe.Cancels, _random.NextDouble() < recipe.Retries);
        while (true)
        {
            var state = RunState.Invalid;
            await foreach (var told in follower.FollowAsync("client", run, last, cancellationToken))
            {
                state = told.Run?.State ?? state;
                if (told.Run is { State: RunState.Waiting }) await ApproveAsync(run, cancellationToken);
                if (!isToBeCancelled || told.Attempt is not { State: AttemptState.Running }) continue;
                isToBeCancelled = false;
                await CancelAsync(run, cancellationToken);
            }

            if (!isToBeRetried || state != RunState.Failed) return;
            isToBeRetried = false;
            // Whatever is answered, it may go on from now on.
            recorder.Note(new RunRetried(Recorder.Now, run));
            if (!await AskAsync("retry", () => site.Client.RetryRunAsync(run, cancellationToken))) return;
        }
    }

    private async Task WatchAsync(RunId run, CancellationToken cancellationToken)
    {
        await foreach (var _ in follower.FollowAsync("watcher", run, new Follower.Position(), cancellationToken))
        {
        }
    }

    private Task ApproveAsync(RunId run, CancellationToken cancellationToken) =>
        AskAsync("approve", () => site.Client.ApproveAsync(run, Recipe.Gate, "", new Dictionary<string, string>(), cancellationToken));

    private async Task CancelAsync(RunId run, CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromSeconds(_random.NextDouble() * 3), TimeProvider.System, cancellationToken);
        var mode = _random.Next(2) == 0 ? CancelMode.Now : CancelMode.AfterFinally;
        await AskAsync("cancel", () => site.Client.CancelRunAsync(run, mode, cancellationToken));
    }

    // Whether it was granted. What is refused for good is counted; the run is followed all the same.
    private async Task<bool> AskAsync(string what, Func<Task> ask)
    {
        try
        {
            await ask();
            return true;
        }
        catch (Exception error) when (error is ProblemException or ServerUnreachableException)
        {
            var said = error is ProblemException { Problem: var problem } ? $"{problem.Status} {problem.Code}" : "unreachable";
            Refusals.AddOrUpdate($"{what}: {said}", 1, (_, count) => count + 1);
            return false;
        }
    }
}
