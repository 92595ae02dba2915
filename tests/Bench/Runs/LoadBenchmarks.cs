using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.TestKit.Databases;

namespace Control.Bench.Runs;

/// <summary>
/// Many runs, and runs with many jobs: agents over HTTPS with jobs that do nothing, durable commits. Argo Workflows' best
/// tuned controller ends 13.5 workflows of one step a second.
/// </summary>
internal static class LoadBenchmarks
{
    private const int Agents = 8;
    private const int Capacity = 32;
    private const int Runs = 2000;
    private const int Starters = 32;
    private const int StartsPerSecond = 50;
    private const int PacedStarts = 500;
    private static readonly PipelineId One = new("load", "one");
    private static readonly PipelineId Many = new("many", "matrix");
    private static readonly Dictionary<string, string> NoParameters = [];

    public static async Task RunAsync(TextWriter output)
    {
        await QueueBenchmarks.RunAsync(output);
        await PausedBenchmarks.RunAsync(output);
        await BusyAsync(output);
        await LogBenchmarks.RunAsync(output);
        await ListBenchmarks.RunAsync(output);
    }

    private static Task BusyAsync(TextWriter output) => WithAgentsAsync(database: null, async (server, ended) =>
    {
        await FanOutAsync(output, server, ended);
        await ThroughputAsync(output, "run.throughput", server, ended);
        await SlowDiskAsync(output, server, ended);
        await StartsAsync(output, server, ended);
    });

    /// <summary>The throughput of a server whose state is on a PostgreSQL beside it; nothing where there is none.</summary>
    public static async Task PostgresAsync(TextWriter output)
    {
        if (PostgresServer.Missing is not null)
            return;
        await using var postgres = await PostgresServer.StartAsync();
        await WithAgentsAsync(postgres.Connection("bench"), (server, ended) => ThroughputAsync(output, "run.throughput_postgres", server, ended));
    }

    private static async Task WithAgentsAsync(string? database, Func<BenchServer, Ended, Task> measure)
    {
        await using var server = await BenchServer.StartAsync(database: database);
        await server.DefineAsync(One, "stages: [{ name: s, jobs: { noop: { labels: [linux], steps: [\"true\"] } } }]");
        await server.DefineAsync(Many, "stages: [{ name: s, jobs: { noop: { labels: [linux], matrix: { axes: { A: [A], B: [A] } }, steps: [\"true\"] } } }]"
            .Replace("[A]", $"[{string.Join(", ", Enumerable.Range(1, 16))}]", StringComparison.Ordinal));
        var ended = new Ended();
        var agents = new List<BenchAgent>();
        for (var i = 0; i < Agents; i++)
        {
            agents.Add(await server.JoinAsync($"bench-{i}", Capacity));
        }

        var work = agents.Select(agent => WorkAsync(agent, ended)).ToList();
        await measure(server, ended);
        foreach (var agent in agents)
        {
            await agent.DisposeAsync();
        }

        await Task.WhenAll(work);
    }

    private static async Task FanOutAsync(TextWriter output, BenchServer server, Ended ended)
    {
        var times = new List<double>();
        for (var i = 0; i < 6; i++)
        {
            var (all, began) = (ended.AtAsync(ended.Count + 256), TimeProvider.System.GetTimestamp());
            await server.Client.StartRunAsync(Many, NoParameters, null, default);
            await all;
            times.Add(TimeProvider.System.GetElapsedTime(began).TotalSeconds);
        }

        // The first one warms up.
        BenchServer.Print(output, "run.fanout_256", times.Skip(1).Order().ElementAt(2), "s");
    }

    private static async Task ThroughputAsync(TextWriter output, string name, BenchServer server, Ended ended)
    {
        await BurstAsync(server, ended, Runs / 4);
        using var commits = new CommitCounter();
        var began = TimeProvider.System.GetTimestamp();
        await BurstAsync(server, ended, Runs);
        BenchServer.Print(output, name, Runs / TimeProvider.System.GetElapsedTime(began).TotalSeconds, "runs/s");
        if (name == "run.throughput")
            BenchServer.Print(output, "run.commits", commits.Count / (double)Runs, "commits/run");
    }

    private static async Task SlowDiskAsync(TextWriter output, BenchServer server, Ended ended)
    {
        using var slow = new SlowDisk(TimeSpan.FromMilliseconds(5));
        var began = TimeProvider.System.GetTimestamp();
        await BurstAsync(server, ended, Runs);
        BenchServer.Print(output, "run.throughput_slow_disk", Runs / TimeProvider.System.GetElapsedTime(began).TotalSeconds, "runs/s");
    }

    private static async Task BurstAsync(BenchServer server, Ended ended, int runs)
    {
        var all = ended.AtAsync(ended.Count + runs);
        await Parallel.ForAsync(0, runs, new ParallelOptions { MaxDegreeOfParallelism = Starters }, async (_, cancel) =>
            await server.Client.StartRunAsync(One, NoParameters, null, cancel));
        await all;
    }

    // From the request to the durable run, at a steady pace and with the runs being worked off beside it.
    private static async Task StartsAsync(TextWriter output, BenchServer server, Ended ended)
    {
        var all = ended.AtAsync(ended.Count + PacedStarts);
        using var pace = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / StartsPerSecond));
        var starts = new List<Task<double>>();
        while (starts.Count < PacedStarts && await pace.WaitForNextTickAsync())
        {
            starts.Add(StartAsync(server));
        }

        var times = (await Task.WhenAll(starts)).Order().ToList();
        await all;
        BenchServer.Print(output, "run.start_p50", times[times.Count / 2], "ms");
        BenchServer.Print(output, "run.start_p99", times[(int)(times.Count * 0.99)], "ms");
    }

    private static async Task<double> StartAsync(BenchServer server)
    {
        var began = TimeProvider.System.GetTimestamp();
        await server.Client.StartRunAsync(One, NoParameters, null, default);
        return TimeProvider.System.GetElapsedTime(began).TotalMilliseconds;
    }

    private static async Task WorkAsync(BenchAgent agent, Ended ended)
    {
        var jobs = new List<Task>();
        await foreach (var job in agent.Work.ReadAllAsync())
        {
            jobs.Add(PlayAsync(agent, job, ended));
        }

        await Task.WhenAll(jobs);
    }

    private static async Task PlayAsync(BenchAgent agent, Assignment job, Ended ended)
    {
        await agent.StartAsync(job);
        await agent.SucceedAsync(job);
        ended.Add();
    }

    /// <summary>Counts jobs whose end the server has confirmed.</summary>
    private sealed class Ended
    {
        private readonly Lock _gate = new();
        private readonly List<(int At, TaskCompletionSource Reached)> _waits = [];

        public int Count { get; private set; }

        public Task AtAsync(int count)
        {
            lock (_gate)
            {
                var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waits.Add((count, reached));
                return reached.Task;
            }
        }

        public void Add()
        {
            lock (_gate)
            {
                Count++;
                _waits.Where(wait => wait.At <= Count).ToList().ForEach(wait => wait.Reached.TrySetResult());
                _waits.RemoveAll(wait => wait.At <= Count);
            }
        }
    }
}
