using Control.Cli.Client;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;

namespace Control.Bench.Runs;

/// <summary>Agents that end every job as soon as they have it, and the count of those whose end the server has confirmed.</summary>
internal sealed class BenchLoad : IAsyncDisposable
{
    private const int Starters = 32;
    private static readonly Dictionary<string, string> NoParameters = [];

    private readonly Lock _gate = new();
    private readonly List<(int At, TaskCompletionSource Reached)> _waits = [];
    private readonly List<BenchAgent> _agents = [];
    private Task[] _work = [];
    private int _count;

    public static async Task<BenchLoad> StartAsync(int agents, Func<string, Task<BenchAgent>> join)
    {
        var load = new BenchLoad();
        for (var i = 0; i < agents; i++) load._agents.Add(await join($"bench-{i}"));
        load._work = [.. load._agents.Select(load.WorkAsync)];
        return load;
    }

    /// <summary>Starts runs of one job as fast as they are taken; returns once all have ended.</summary>
    public async Task BurstAsync(ControlClient client, PipelineId pipeline, int runs)
    {
        var all = EndedAsync(runs);
        await Parallel.ForAsync(0, runs, new ParallelOptions { MaxDegreeOfParallelism = Starters }, async (_, cancel) =>
            await client.StartRunAsync(pipeline, NoParameters, null, cancel));
        await all;
    }

    /// <summary>Waits until so many more jobs have ended.</summary>
    public Task EndedAsync(int more)
    {
        lock (_gate)
        {
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waits.Add((_count + more, reached));
            return reached.Task;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents) await agent.DisposeAsync();
        await Task.WhenAll(_work);
    }

    private async Task WorkAsync(BenchAgent agent)
    {
        var jobs = new List<Task>();
        await foreach (var job in agent.Work.ReadAllAsync()) jobs.Add(PlayAsync(agent, job));
        await Task.WhenAll(jobs);
    }

    private async Task PlayAsync(BenchAgent agent, Assignment job)
    {
        await agent.StartAsync(job);
        await agent.SucceedAsync(job);
        lock (_gate)
        {
            _count++;
            _waits.Where(wait => wait.At <= _count).ToList().ForEach(wait => wait.Reached.TrySetResult());
            _waits.RemoveAll(wait => wait.At <= _count);
        }
    }
}
