using System.Globalization;
using System.Text;
using Control.Cli.Client;
using Control.Contracts.Pipelines;

namespace Control.Bench.Runs;

/// <summary>
/// How long the next stage's job takes into an agent's hands once the job before it reports its end, over HTTPS with
/// durable commits: the time in which nothing is built. KubeSpace polls every 5 s.
/// </summary>
internal static class HandoffBenchmarks
{
    private const int Stages = 50;
    private const int WarmUpRuns = 4;
    private const int Runs = 24;
    private static readonly PipelineId Pipeline = new("bench", "stages");

    public static async Task RunAsync(TextWriter output)
    {
        await using var server = await BenchServer.StartAsync();
        await server.DefineAsync(Pipeline, Definition());
        await using var agent = await server.JoinAsync("bench", 4);
        await MeasureAsync(output, server.Client, agent);
    }

    private static async Task MeasureAsync(TextWriter output, ControlClient client, BenchAgent agent)
    {
        using var commits = new CommitCounter();
        var times = new List<double>();
        var committed = 0L;
        for (var run = 0; run < WarmUpRuns + Runs; run++)
        {
            await client.StartRunAsync(Pipeline, new Dictionary<string, string>(), null, default);
            var job = await agent.Work.ReadAsync();
            for (var stage = 1; stage < Stages; stage++)
            {
                await agent.StartAsync(job);
                var (before, started) = (commits.Count, TimeProvider.System.GetTimestamp());
                var report = agent.SucceedAsync(job);
                job = await agent.Work.ReadAsync();
                var elapsed = TimeProvider.System.GetElapsedTime(started).TotalMilliseconds;
                await report;
                if (run >= WarmUpRuns)
                {
                    times.Add(elapsed);
                    committed += commits.Count - before;
                }
            }

            await agent.SucceedAsync(job);
        }

        times.Sort();
        BenchServer.Print(output, "run.handoff_p50", times[times.Count / 2], "ms");
        BenchServer.Print(output, "run.handoff_p99", times[(int)(times.Count * 0.99)], "ms");
        BenchServer.Print(output, "run.handoff_commits", committed / (double)times.Count, "commits");
    }

    private static string Definition()
    {
        var text = new StringBuilder("stages:\n");
        for (var stage = 1; stage <= Stages; stage++)
        {
            text.Append(CultureInfo.InvariantCulture, $"  - {{ name: s{stage}, jobs: {{ noop: {{ labels: [linux], steps: [\"true\"] }} }} }}\n");
        }

        return text.ToString();
    }
}
