using Control.Bench.Clusters;
using Control.Bench.Grains;
using Control.Bench.Runs;
using Control.Bench.Storage;

// Prints one "name value unit" line per figure. Arguments choose groups; none means all.
var groups = new Dictionary<string, Func<TextWriter, Task>>
{
    ["run"] = HandoffBenchmarks.RunAsync,
    ["spawn"] = SpawnBenchmarks.RunAsync,
    ["load"] = LoadBenchmarks.RunAsync,
    ["postgres"] = LoadBenchmarks.PostgresAsync,
    ["grain"] = GrainBenchmarks.RunAsync,
    ["remote"] = RemoteBenchmarks.RunAsync,
    ["failover"] = FailoverBenchmarks.RunAsync,
    ["adoption"] = AdoptionBenchmarks.RunAsync,
    ["spread"] = SpreadBenchmarks.RunAsync,
    ["busy"] = BusyBenchmarks.RunAsync,
    ["storage"] = StorageBenchmarks.RunAsync,
};

foreach (var (name, run) in groups)
{
    if (args.Length == 0 || args.Contains(name))
        await run(Console.Out);
}
