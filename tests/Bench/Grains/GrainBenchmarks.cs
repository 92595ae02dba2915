using System.Diagnostics;
using System.Globalization;
using Control.TestKit.Silos;

namespace Control.Bench.Grains;

/// <summary>What calls, activations and idle grains of the engine cost.</summary>
internal static class GrainBenchmarks
{
    private const int Callers = 100;

    private static readonly Add Command = new(1, "bench");

    public static async Task RunAsync(TextWriter output)
    {
        await CallsAsync(output);
        await ActivationsAsync(output);
        await IdleBytesAsync(output);
    }

    /// <summary>Calls per second of 100 callers over 1,000 grains, what one allocates, and the calls of one caller alone.</summary>
    private static async Task CallsAsync(TextWriter output)
    {
        await using var silo = await StartAsync();
        var grains = Enumerable.Range(0, 1_000).Select(i => silo.Grains.GetGrain<ICounterGrain>($"calls-{i}")).ToArray();
        await CallManyAsync(grains, Callers, callsEach: 5_000);
        const int CallsEach = 30_000;
        var allocated = GC.GetTotalAllocatedBytes();
        var watch = Stopwatch.StartNew();
        await CallManyAsync(grains, Callers, CallsEach);
        Print(output, "grain.calls_in_process", Callers * CallsEach / watch.Elapsed.TotalSeconds, "1/s");
        Print(output, "grain.call_allocates", (GC.GetTotalAllocatedBytes() - allocated) / (double)(Callers * CallsEach), "B");
        watch.Restart();
        await CallManyAsync(grains, callers: 1, callsEach: 100_000);
        Print(output, "grain.calls_one_caller", 100_000 / watch.Elapsed.TotalSeconds, "1/s");
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

    private static Task<TestSilo> StartAsync() =>
        TestSilo.StartAsync(new TestSiloOptions { Grains = typeof(CounterGrain).Assembly, IsBare = true }, _ => { });

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
