using Control.Contracts.Pipelines;

namespace Control.Bench.Runs;

/// <summary>What a run weighs that waits at its gate with its grain still in memory.</summary>
internal static class PausedBenchmarks
{
    private const int WarmUp = 500;
    private const int Runs = 10_000;
    private const int Starters = 32;
    private static readonly PipelineId Pipeline = new("paused", "gate");
    private static readonly Dictionary<string, string> NoParameters = [];

    public static async Task RunAsync(TextWriter output)
    {
        await using var server = await BenchServer.StartAsync();
        await server.DefineAsync(Pipeline, "stages: [{ name: ask, gate: {} }, { name: s, jobs: { noop: { labels: [linux], steps: [\"true\"] } } }]");
        await StartAsync(server, WarmUp);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await StartAsync(server, Runs);
        BenchServer.Print(output, "run.paused_bytes", (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Runs, "B");
    }

    private static Task StartAsync(BenchServer server, int runs) =>
        Parallel.ForAsync(0, runs, new ParallelOptions { MaxDegreeOfParallelism = Starters }, async (_, cancel) =>
            await server.Client.StartRunAsync(Pipeline, NoParameters, null, cancel));
}
