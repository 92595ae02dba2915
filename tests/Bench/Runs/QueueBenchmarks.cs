using System.Collections.Concurrent;
using Control.Contracts.Pipelines;

namespace Control.Bench.Runs;

/// <summary>
/// Thousands of runs that wait for an agent: what they weigh, and whether they get one in the order in which they came, also
/// while others come in. One slot takes them one by one.
/// </summary>
internal static class QueueBenchmarks
{
    private const int Queued = 5000;
    private const int Taken = 1500;
    private const int Starters = 32;
    private static readonly PipelineId Pipeline = new("queue", "one");
    private static readonly Dictionary<string, string> NoParameters = [];

    public static async Task RunAsync(TextWriter output)
    {
        await using var server = await BenchServer.StartAsync();
        await server.DefineAsync(Pipeline, "stages: [{ name: s, jobs: { noop: { labels: [linux], steps: [\"true\"] } } }]");
        var starts = new ConcurrentDictionary<long, (long Began, long Queued)>();
        await Parallel.ForAsync(0, Queued, new ParallelOptions { MaxDegreeOfParallelism = Starters }, async (_, _) => await StartAsync(server, starts));
        BenchServer.Print(output, "run.queue_rss", Environment.WorkingSet / 1e6, "MB");
        BenchServer.Print(output, "run.queue_disorder", await DisorderAsync(server, starts), "runs");
    }

    // How many runs got the slot after one that was asked for only when they were queued already.
    private static async Task<int> DisorderAsync(BenchServer server, ConcurrentDictionary<long, (long Began, long Queued)> starts)
    {
        await using var agent = await server.JoinAsync("queue", 1);
        var (disorder, newest, more) = (0, 0L, new List<Task>());
        for (var i = 0; i < Taken; i++)
        {
            var job = await agent.Work.ReadAsync();
            // Those that come meanwhile may be handed over before their start is answered here.
            while (!starts.ContainsKey(job.Attempt.Run.Number)) await Task.WhenAll(more);
            var (began, queued) = starts[job.Attempt.Run.Number];
            disorder += queued < newest ? 1 : 0;
            newest = Math.Max(newest, began);
            if (i % 10 == 0) more.Add(StartAsync(server, starts));
            await agent.StartAsync(job);
            await agent.SucceedAsync(job);
        }

        await Task.WhenAll(more);
        return disorder;
    }

    private static async Task StartAsync(BenchServer server, ConcurrentDictionary<long, (long Began, long Queued)> starts)
    {
        var began = TimeProvider.System.GetTimestamp();
        var run = (await server.Client.StartRunAsync(Pipeline, NoParameters, null, default)).Value.Id;
        starts[run.Number] = (began, TimeProvider.System.GetTimestamp());
    }
}
