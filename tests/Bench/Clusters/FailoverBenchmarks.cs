using Control.Bench.Runs;
using Control.TestKit.Databases;

namespace Control.Bench.Clusters;

/// <summary>How long callers wait when one of three silos is killed, or stands still for longer than its lease.</summary>
internal static class FailoverBenchmarks
{
    private const int Kills = 30;
    private const int Pauses = 3;

    public static async Task RunAsync(TextWriter output)
    {
        if (PostgresServer.Missing is not null) return;
        await using var site = await ClusterSite.StartAsync(silos: 3);
        await using var callers = await Callers.StartAsync(site.Grains);
        BenchServer.Print(output, "cluster.failover_kill_max", await WorstAsync(Kills, site, callers, silo => silo.Process.Kill()), "s");
        BenchServer.Print(output, "cluster.failover_pause_max", await WorstAsync(Pauses, site, callers, silo => silo.Process.Pause()), "s");
        BenchServer.Print(output, "cluster.failover_calls_failed", callers.Failed, "calls");
    }

    private static async Task<double> WorstAsync(int times, ClusterSite site, Callers callers, Func<Silo, Task> harm)
    {
        var worst = TimeSpan.Zero;
        for (var i = 0; i < times; i++)
        {
            var silo = site.Silos[0];
            await harm(silo);
            var wait = await callers.LongestWaitAsync();
            if (wait > worst) worst = wait;
            await site.ReplaceAsync(silo);
            // What moves to the new one has moved before the next is harmed.
            await callers.LongestWaitAsync();
        }

        return worst.TotalSeconds;
    }
}
