using System.Globalization;
using Control.Bench.Runs;
using Control.TestKit.Databases;

namespace Control.Bench.Clusters;

/// <summary>
/// Whether silos that only get little of the processors are taken for dead: with two threads for each core that do nothing but
/// compute, and calls beside them. 2 minutes; <c>BENCH_BUSY_MINUTES</c> sets another time.
/// </summary>
internal static class BusyBenchmarks
{
    public static async Task RunAsync(TextWriter output)
    {
        if (PostgresServer.Missing is not null) return;
        var minutes = int.Parse(Environment.GetEnvironmentVariable("BENCH_BUSY_MINUTES") ?? "2", CultureInfo.InvariantCulture);
        await using var site = await ClusterSite.StartAsync(silos: 3);
        await using var callers = await Callers.StartAsync(site.Grains);
        var removed = Removed(site);
        using var ending = new CancellationTokenSource(TimeSpan.FromMinutes(minutes));
        var busy = Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(_ => Start(ending.Token)).ToList();
        foreach (var thread in busy) await Task.Run(thread.Join);
        BenchServer.Print(output, "cluster.false_evictions", Removed(site) - removed, "silos");
        BenchServer.Print(output, "cluster.busy_calls_failed", callers.Failed, "calls");
    }

    private static Thread Start(CancellationToken ending)
    {
        var thread = new Thread(() =>
        {
            while (!ending.IsCancellationRequested) Thread.SpinWait(10_000);
        });
        thread.Start();
        return thread;
    }

    // Whoever removes another, or is removed and ends, says so; Orleans has words of its own.
    private static int Removed(ClusterSite site) => site.Silos.Sum(silo => silo.Process.Output.Split('\n').Count(line =>
        line.Contains("Removed silo", StringComparison.Ordinal)
        || line.Contains("has declared", StringComparison.Ordinal)
        || line.Contains("I have been told I am dead", StringComparison.Ordinal)));
}
