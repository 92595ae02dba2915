using System.Runtime;
using Control.Contracts.Pipelines;
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

    private static Task BusyAsync(TextWriter output) => WithAgentsAsync(database: null, async (server, load) =>
    {
        await FanOutAsync(output, server, load);
        await ThroughputAsync(output, "run.throughput", server, load);
        await SlowDiskAsync(output, server, load);
        await StartsAsync(output, server, load);
    });

    /// <summary>The throughput of a server whose state is on a PostgreSQL beside it; nothing where there is none.</summary>
    public static async Task PostgresAsync(TextWriter output)
    {
        if (PostgresServer.Missing is not null)
            return;
        await using var postgres = await PostgresServer.StartAsync();
        await WithAgentsAsync(postgres.Connection("bench"), (server, load) => ThroughputAsync(output, "run.throughput_postgres", server, load));
    }

    private static async Task WithAgentsAsync(string? database, Func<BenchServer, BenchLoad, Task> measure)
    {
        await using var server = await BenchServer.StartAsync(database: database);
        await server.DefineAsync(One, "stages: [{ name: s, jobs: { noop: { labels: [linux], steps: [\"true\"] } } }]");
        await server.DefineAsync(Many, "stages: [{ name: s, jobs: { noop: { labels: [linux], matrix: { axes: { A: [A], B: [A] } }, steps: [\"true\"] } } }]"
            .Replace("[A]", $"[{string.Join(", ", Enumerable.Range(1, 16))}]", StringComparison.Ordinal));
        await using var load = await BenchLoad.StartAsync(Agents, name => server.JoinAsync(name, Capacity));
        await measure(server, load);
    }

    private static async Task FanOutAsync(TextWriter output, BenchServer server, BenchLoad load)
    {
        var times = new List<double>();
        for (var i = 0; i < 6; i++)
        {
            var (all, began) = (load.EndedAsync(256), TimeProvider.System.GetTimestamp());
            await server.Client.StartRunAsync(Many, NoParameters, null, default);
            await all;
            times.Add(TimeProvider.System.GetElapsedTime(began).TotalSeconds);
        }

        // The first one warms up.
        BenchServer.Print(output, "run.fanout_256", times.Skip(1).Order().ElementAt(2), "s");
    }

    private static async Task ThroughputAsync(TextWriter output, string name, BenchServer server, BenchLoad load)
    {
        await WarmUpAsync(server, load);
        using var commits = new CommitCounter();
        var began = TimeProvider.System.GetTimestamp();
        await load.BurstAsync(server.Client, One, Runs);
        BenchServer.Print(output, name, Runs / TimeProvider.System.GetElapsedTime(began).TotalSeconds, "runs/s");
        if (name == "run.throughput")
            BenchServer.Print(output, "run.commits", commits.Count / (double)Runs, "commits/run");
    }

    // A server works for weeks: what it does all the time is measured, not how the compiler of .NET makes it faster meanwhile,
    // which takes half a core for a minute. At most 6000 runs.
    private static async Task WarmUpAsync(BenchServer server, BenchLoad load)
    {
        for (var burst = 0; burst < 12; burst++)
        {
            var (compiled, began) = (JitInfo.GetCompilationTime(), TimeProvider.System.GetTimestamp());
            await load.BurstAsync(server.Client, One, Runs / 4);
            if (JitInfo.GetCompilationTime() - compiled < TimeProvider.System.GetElapsedTime(began) / 20) return;
        }
    }

    private static async Task SlowDiskAsync(TextWriter output, BenchServer server, BenchLoad load)
    {
        using var slow = new SlowDisk(TimeSpan.FromMilliseconds(5));
        var began = TimeProvider.System.GetTimestamp();
        await load.BurstAsync(server.Client, One, Runs);
        BenchServer.Print(output, "run.throughput_slow_disk", Runs / TimeProvider.System.GetElapsedTime(began).TotalSeconds, "runs/s");
    }

    // From the request to the durable run, at a steady pace and with the runs being worked off beside it.
    private static async Task StartsAsync(TextWriter output, BenchServer server, BenchLoad load)
    {
        var all = load.EndedAsync(PacedStarts);
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
}
