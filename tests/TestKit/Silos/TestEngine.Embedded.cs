using Control.Runtime.Hosting;
using Control.Silo.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Control.TestKit.Silos;

// The seam: how a test's silo gets its engine. TestEngine.Orleans.cs has the same members.
internal static class TestEngine
{
    public const string Name = "embedded";

    public static void AddTo(IServiceCollection services, TestSiloOptions options)
    {
        services.AddGrainRuntime(
            runtime =>
            {
                runtime.Clock = options.Clock;
                runtime.Cluster = GrainRuntime.Options(options.Cluster);
                runtime.DeactivationTimeout = options.DeactivationTimeout;
                runtime.MaxQueuedRequests = options.MaxQueuedRequests;
                foreach (var (type, age) in options.IdleAges) runtime.IdleAges[type] = age;
            },
            options.Grains);
    }
}
