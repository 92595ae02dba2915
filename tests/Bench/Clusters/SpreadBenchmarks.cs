using Control.Bench.Runs;
using Control.Cli.Client;
using Control.Contracts.Pipelines;
using Control.Contracts.Runtime;
using Control.TestKit.Databases;

namespace Control.Bench.Clusters;

/// <summary>What three silos cost for a run against one, and how evenly grains lie on them.</summary>
internal static class SpreadBenchmarks
{
    private const int Agents = 8;
    private const int Capacity = 32;
    private const int Runs = 2000;

    // As much as it takes until a burst costs what the one before it cost: every silo compiles for itself, and gets a third of the runs.
    private const int MostWarmUps = 15;
    private const double Settled = 0.05;
    private static readonly PipelineId One = new("load", "one");

    public static async Task RunAsync(TextWriter output)
    {
        if (PostgresServer.Missing is not null) return;
        var alone = await MeasureAsync(silos: 1);
        var three = await MeasureAsync(silos: 3);
        BenchServer.Print(output, "cluster.cpu_per_run_1", alone.CpuPerRun.TotalMilliseconds, "ms");
        BenchServer.Print(output, "cluster.cpu_per_run_3", three.CpuPerRun / alone.CpuPerRun, "ratio");
        BenchServer.Print(output, "cluster.spread_3", three.Spread, "ratio");
    }

    private static async Task<(TimeSpan CpuPerRun, double Spread)> MeasureAsync(int silos)
    {
        await using var site = await ClusterSite.StartAsync(silos);
        await site.DefineAsync(One, "stages: [{ name: s, jobs: { noop: { labels: [linux], steps: [\"true\"] } } }]");
        await using var load = await BenchLoad.StartAsync(Agents, name => site.JoinAsync(name, Capacity));
        var last = await BurstAsync(site, load);
        for (var i = 1; i < MostWarmUps; i++)
        {
            var (before, now) = (last, await BurstAsync(site, load));
            last = now;
            if (now > before * (1 - Settled)) break;
        }

        return (await BurstAsync(site, load), await SpreadAsync(site));
    }

    // What a run costs the silos.
    private static async Task<TimeSpan> BurstAsync(ClusterSite site, BenchLoad load)
    {
        var before = site.Silos.Sum(silo => silo.CpuTime().TotalSeconds);
        await load.BurstAsync(site.Client, One, Runs);
        return TimeSpan.FromSeconds((site.Silos.Sum(silo => silo.CpuTime().TotalSeconds) - before) / Runs);
    }

    // Rows are renewed every 5 s: those are read that were written after the load.
    private static async Task<double> SpreadAsync(ClusterSite site)
    {
        var now = TimeProvider.System.GetUtcNow();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (true)
        {
            var rows = (await site.Client.ListSilosAsync(PageQuery.All, default)).Value.Items.Where(row => row.State == SiloState.Active).ToList();
            if (rows.Count == site.Silos.Count && rows.All(row => row.SeenAt > now)) return rows.Max(row => row.Activations) / rows.Average(row => row.Activations);
            await timer.WaitForNextTickAsync();
        }
    }
}
