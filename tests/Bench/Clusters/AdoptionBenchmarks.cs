using System.Net;
using System.Net.Sockets;
using Control.Bench.Runs;
using Control.Cli.Client;
using Control.Contracts.Pipelines;
using Control.Storage;
using Control.TestKit.Databases;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Control.Bench.Clusters;

/// <summary>
/// How long what a killed silo was at work on lies until another has it: runs that wait for a repository that does not answer,
/// and that nobody calls.
/// </summary>
internal static class AdoptionBenchmarks
{
    private const int Runs = 60;
    private static readonly PipelineId Waiting = new("adopt", "waiting");

    public static async Task RunAsync(TextWriter output)
    {
        if (PostgresServer.Missing is not null) return;
        await using var site = await ClusterSite.StartAsync(silos: 3);
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await site.DefineAsync(Waiting, $"{{ source: {{ repository: 'git://{silent.LocalEndpoint}/x.git', ref: main }}, stages: [{{ name: s, jobs: {{ j: {{ steps: ['true'] }} }} }}] }}");
        await Parallel.ForAsync(0, Runs, async (_, cancel) => await site.Client.StartRunAsync(Waiting, new Dictionary<string, string>(), null, cancel));
        await using var database = NpgsqlDataSource.Create(site.Services.GetRequiredService<StorageOptions>().Database!);
        var before = await OwnersAsync(database);
        var silo = site.Silos[0];
        var owner = (await site.Client.ListSilosAsync(PageQuery.All, default)).Value.Items.Single(row => row.Address?.EndsWith($":{silo.Port}", StringComparison.Ordinal) == true).Id;
        if (!before.TryGetValue(owner, out var orphans)) throw new InvalidOperationException("The silo to be killed has no run.");

        await silo.Process.Kill();
        var killed = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while ((await OwnersAsync(database)).ContainsKey(owner)) await timer.WaitForNextTickAsync();
        BenchServer.Print(output, "cluster.adoption_max", TimeProvider.System.GetElapsedTime(killed).TotalSeconds, "s");
        BenchServer.Print(output, "cluster.adopted", orphans, "runs");
    }

    private static async Task<Dictionary<string, long>> OwnersAsync(NpgsqlDataSource database)
    {
        var owners = new Dictionary<string, long>();
        await using var command = database.CreateCommand("SELECT owner, count(*) FROM subjects WHERE kind = 'run' AND owner IS NOT NULL GROUP BY owner");
        await using var row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync()) owners[row.GetString(0)] = row.GetInt64(1);
        return owners;
    }
}
