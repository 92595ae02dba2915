using System.Diagnostics;
using System.Globalization;
using Control.TestKit.Silos;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Bench.Grains;

/// <summary>
/// What a call to a grain on another silo costs: two silos in this process, everything between them written, encrypted and
/// sent over loopback. Both ends share the machine's cores.
/// </summary>
internal static class RemoteBenchmarks
{
    private const int Callers = 100;

    private static readonly Add Command = new(1, "bench");

    public static async Task RunAsync(TextWriter output)
    {
        await using var redis = await RedisServer.StartAsync();
        using var certificate = TestSilos.Certificate();
        await using var here = await StartAsync("here");
        await using var there = await StartAsync("there");
        var grains = await FindAsync(here, count: 500);
        await CallManyAsync(grains, Callers, callsEach: 1_000);
        const int CallsEach = 5_000;
        var watch = Stopwatch.StartNew();
        await CallManyAsync(grains, Callers, CallsEach);
        Print(output, "grain.calls_remote", Callers * CallsEach / watch.Elapsed.TotalSeconds, "1/s");
        var times = await TimeOneCallerAsync(grains, calls: 20_000);
        Print(output, "grain.call_remote_p50", times[times.Length / 2], "ms");
        Print(output, "grain.call_remote_p99", times[(int)(times.Length * 0.99)], "ms");

        Task<TestSilo> StartAsync(string place) => TestSilo.StartAsync(
            new TestSiloOptions { Grains = typeof(CounterGrain).Assembly, IsBare = true, Cluster = TestSilos.Cluster(redis, certificate) },
            services => services.AddSingleton(new Place(place)));
    }

    // Those that live on the other silo.
    private static async Task<ICounterGrain[]> FindAsync(TestSilo silo, int count)
    {
        var found = new List<ICounterGrain>();
        for (var i = 0; found.Count < count; i++)
        {
            var grain = silo.Grains.GetGrain<ICounterGrain>($"remote-{i}");
            if (await grain.Where() == "there") found.Add(grain);
        }

        return [.. found];
    }

    private static async Task<double[]> TimeOneCallerAsync(ICounterGrain[] grains, int calls)
    {
        var times = new double[calls];
        for (var i = 0; i < calls; i++)
        {
            var began = Stopwatch.GetTimestamp();
            await grains[i % grains.Length].Add(Command);
            times[i] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        }

        Array.Sort(times);
        return times;
    }

    private static Task CallManyAsync(ICounterGrain[] grains, int callers, int callsEach) =>
        Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; i < callsEach; i++) await grains[((caller * 7919) + i) % grains.Length].Add(Command);
        })));

    private static void Print(TextWriter output, string name, double value, string unit) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}.{TestSilo.Engine} {value:0.###} {unit}"));
}
