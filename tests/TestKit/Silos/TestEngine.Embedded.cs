using Control.Runtime.Clustering;
using Control.Runtime.Hosting;
using Control.Runtime.Silo;
using Control.Silo.Hosting;
using Control.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Control.TestKit.Silos;

// The seam: how a test's silo gets its engine. TestEngine.Orleans.cs has the same members.
internal static class TestEngine
{
    public const string Name = "embedded";

    private static long _generation;

    public static void AddTo(IServiceCollection services, TestSiloOptions options)
    {
        services.AddGrainRuntime(
            runtime =>
            {
                runtime.Clock = options.Clock;
                runtime.Cluster = Cluster(options);
                runtime.DeactivationTimeout = options.DeactivationTimeout;
                runtime.MaxQueuedRequests = options.MaxQueuedRequests;
                foreach (var (type, age) in options.IdleAges) runtime.IdleAges[type] = age;
            },
            options.Grains);
    }

    /// <summary>Waits until each of the silos knows all: from then on no grain moves.</summary>
    public static async Task TogetherAsync(IEnumerable<IServiceProvider> silos)
    {
        var clusters = silos.Select(silo => silo.GetRequiredService<GrainSilo>().Cluster!).ToArray();
        foreach (var membership in clusters.Select(cluster => cluster.Membership))
        {
            while (true)
            {
                var next = membership.NextAsync(CancellationToken.None);
                if (clusters.All(cluster => membership.View.Contains(cluster.Self))) break;
                await next;
            }
        }
    }

    // Silos of tests without a store count themselves.
    private static ClusterOptions? Cluster(TestSiloOptions options) => options.Cluster is not { } cluster ? null : new ClusterOptions
    {
        Redis = cluster.Redis,
        Listen = cluster.Listen,
        Certificate = cluster.Certificate,
        Name = cluster.Name,
        Lease = options.Lease,
        NextGeneration = (services, cut) => services.GetService<ControlStore>()?.NextGenerationAsync(cut)
            ?? Task.FromResult(Interlocked.Increment(ref _generation)),
        Faults = new ControlFaults(),
    };
}
