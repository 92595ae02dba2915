using Control.Grains;
using Control.Runtime.Clustering;
using Control.Runtime.Hosting;
using Control.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Silo.Hosting;

// The seam: what differs between the engines when a silo is hosted. GrainRuntime.Orleans.cs has the same members.
internal static class GrainRuntime
{
    /// <summary>Sources of the engine's own spans.</summary>
    public static readonly string[] TraceSources = [];

    /// <summary>Adds the embedded runtime.</summary>
    public static IServiceCollection AddGrainEngine(this IServiceCollection services, SiloCluster? cluster)
    {
        if (cluster is not null) services.AddSingleton(cluster).AddHostedService<SignalRelay>();
        return services.AddGrainRuntime(runtime => runtime.Cluster = Options(cluster), typeof(GrainServices).Assembly);
    }

    /// <summary>The embedded runtime has no dashboard of its own; its figures are at /metrics.</summary>
    public static IEndpointConventionBuilder? MapGrainDashboard(this IEndpointRouteBuilder app, string prefix) => null;

    /// <summary>How the runtime joins.</summary>
    public static ClusterOptions? Options(SiloCluster? cluster) => cluster is null ? null : new ClusterOptions
    {
        Redis = cluster.Redis,
        Listen = cluster.Listen,
        Certificate = cluster.Certificate,
        Name = cluster.Name,
        HasGrains = cluster.HasGrains,
        NextGeneration = (host, _) => host.GetRequiredService<ControlStore>().NextGenerationAsync(),
        Faults = new ControlFaults(),
    };
}
