using System.Diagnostics;
using System.Globalization;
using Control.Grains;
using Control.Silo.Hosting;
using Control.Silo.Statistics;
using Control.TestKit.Silos;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Control.Bench.Grains;

/// <summary>What calls, activations and idle grains of the engine cost.</summary>
internal static class GrainBenchmarks
{
    private const int Callers = 100;

    private static readonly Add Command = new(1, "bench");

    public static async Task RunAsync(TextWriter output)
    {
        await CallsAsync(output, isObserved: false);
        await CallsAsync(output, isObserved: true);
        Count(output);
        await ActivationsAsync(output);
        await IdleBytesAsync(output);
    }

    /// <summary>
    /// Calls per second of 100 callers over 1,000 grains, what one allocates, and the calls of one caller alone; of the bare
    /// engine, or with the call filters that a server has: those that repeat and count.
    /// </summary>
    private static async Task CallsAsync(TextWriter output, bool isObserved)
    {
        await using var silo = await StartAsync(services =>
        {
            if (isObserved) services.AddControlGrains().AddGrainStatistics();
        });
        var kind = isObserved ? "_observed" : "";
        var grains = Enumerable.Range(0, 1_000).Select(i => silo.Grains.GetGrain<ICounterGrain>($"calls-{i}")).ToArray();
        await CallManyAsync(grains, Callers, callsEach: 5_000);
        const int CallsEach = 30_000;
        var allocated = GC.GetTotalAllocatedBytes();
        var watch = Stopwatch.StartNew();
        await CallManyAsync(grains, Callers, CallsEach);
        Print(output, $"grain.calls_in_process{kind}", Callers * CallsEach / watch.Elapsed.TotalSeconds, "1/s");
        Print(output, $"grain.call_allocates{kind}", (GC.GetTotalAllocatedBytes() - allocated) / (double)(Callers * CallsEach), "B");
        watch.Restart();
        await CallManyAsync(grains, callers: 1, callsEach: 100_000);
        Print(output, $"grain.calls_one_caller{kind}", 100_000 / watch.Elapsed.TotalSeconds, "1/s");
    }

    /// <summary>What counting a call costs the silo that runs it, hot grains included: 1,000 grains, a tenth of which get half of the calls.</summary>
    private static void Count(TextWriter output)
    {
        var counts = new CallCounts();
        var grains = Enumerable.Range(0, 1_000).Select(i => GrainId.Create("counter", $"count-{i}")).ToArray();
        var random = new Random(1);
        var order = Enumerable.Range(0, 65_536).Select(_ => grains[(int)(1_000 * Math.Pow(random.NextDouble(), 3.3))]).ToArray();
        CountMany(200_000);
        const int Calls = 5_000_000;
        // Processor time, so that whoever else uses the machine is not counted.
        var before = Environment.CpuUsage.TotalTime;
        CountMany(Calls);
        Print(output, "grain.count_call", (Environment.CpuUsage.TotalTime - before).TotalNanoseconds / Calls, "ns");

        void CountMany(int calls)
        {
            for (var i = 0; i < calls; i++)
            {
                var grain = order[i & 65_535];
                counts.End(counts.Begin(grain.Type), grain, TimeSpan.FromMicroseconds(10), isFault: false);
            }
        }
    }

    /// <summary>First calls to fresh grains per second, by 100 callers.</summary>
    private static async Task ActivationsAsync(TextWriter output)
    {
        await using var silo = await StartAsync();
        await ActivateAsync(silo, "warm", 20_000);
        const int Count = 200_000;
        var watch = Stopwatch.StartNew();
        await ActivateAsync(silo, "activation", Count);
        Print(output, "grain.activations", Count / watch.Elapsed.TotalSeconds, "1/s");
    }

    /// <summary>Heap bytes that an idle grain with a small state keeps, its entry in the catalog included.</summary>
    private static async Task IdleBytesAsync(TextWriter output)
    {
        await using var silo = await StartAsync();
        await ActivateAsync(silo, "warm", 1_000);
        const int Count = 100_000;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await ActivateAsync(silo, "idle", Count);
        Print(output, "grain.idle_bytes", (GC.GetTotalMemory(forceFullCollection: true) - before) / (double)Count, "B");
    }

    private static Task<TestSilo> StartAsync(Action<IServiceCollection>? configure = null) =>
        TestSilo.StartAsync(new TestSiloOptions { Grains = typeof(CounterGrain).Assembly, IsBare = true }, configure ?? (_ => { }));

    private static Task CallManyAsync(ICounterGrain[] grains, int callers, int callsEach) =>
        Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < callsEach; i++) await grains[((caller * 7919) + i) % grains.Length].Add(Command);
        })));

    private static Task ActivateAsync(TestSilo silo, string prefix, int count) =>
        Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            for (var i = caller; i < count; i += Callers) await silo.Grains.GetGrain<ICounterGrain>($"{prefix}-{i}").Add(Command);
        })));

    private static void Print(TextWriter output, string name, double value, string unit) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}.{TestSilo.Engine} {value:0.###} {unit}"));
}
