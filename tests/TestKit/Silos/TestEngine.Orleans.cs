using Control.Silo.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Configuration;
using Orleans.Runtime;

namespace Control.TestKit.Silos;

// The seam: how a test's silo gets its engine. TestEngine.Embedded.cs has the same members.
internal static class TestEngine
{
    public const string Name = "orleans";

    private static readonly string[] ClocksOfGrains =
        [TimeProviderNames.Grains, TimeProviderNames.ActivationManagement, TimeProviderNames.Messaging];

    /// <summary>Grains stay where they are when a silo joins.</summary>
    public static Task TogetherAsync(IEnumerable<IServiceProvider> silos) => Task.CompletedTask;

    public static void AddTo(IServiceCollection services, TestSiloOptions options)
    {
        services.AddKeyedSingleton(KeyedService.AnyKey, TimeProvider.System);
        foreach (var name in ClocksOfGrains) services.AddKeyedSingleton(name, options.Clock);
        if (options.IsBare) services.AddOrleans(silo => silo.AddBareEngine(options.Cluster));
        else services.AddGrainEngine(options.Cluster);
        services.Configure<SiloMessagingOptions>(messaging =>
        {
            messaging.MaxEnqueuedRequestsHardLimit = options.MaxQueuedRequests;
            // Orleans counts these two on the clock that it is not told a name for, which is the grains' own and may stand
            // still: a second try would never come, and a silo that ends would wait for it.
            messaging.PlacementMaxRetries = 0;
            messaging.PlacementTimeout = TimeSpan.FromDays(1);
        });
        services.Configure<GrainCollectionOptions>(collection =>
        {
            collection.DeactivationTimeout = options.DeactivationTimeout;
            if (options.IdleAges.Count > 0) collection.CollectionQuantum = TimeSpan.FromSeconds(1);
            foreach (var (type, age) in options.IdleAges) collection.ClassSpecificCollectionAge[type.FullName!] = age;
        });
    }
}
