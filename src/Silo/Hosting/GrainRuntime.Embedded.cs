using Control.Contracts.Errors;
using Control.Grains;
using Control.Runtime.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Silo.Hosting;

// The seam: what differs between the engines when a silo is hosted. GrainRuntime.Orleans.cs has the same members.
internal static class GrainRuntime
{
    /// <summary>Sources of the engine's own spans.</summary>
    public static readonly string[] TraceSources = [];

    /// <summary>Adds the embedded runtime, one silo.</summary>
    public static IServiceCollection AddGrainEngine(this IServiceCollection services, SiloCluster? cluster) => cluster is null
        ? services.AddGrainRuntime(configure: null, typeof(GrainServices).Assembly)
        : throw new ControlException(
            "cluster-unsupported",
            "This build of Control runs on the embedded grain runtime, which is one silo so far. Leave the cluster's settings out, or use a build on Microsoft Orleans (make … GRAIN_RUNTIME=Orleans).");

    /// <summary>The embedded runtime has no dashboard of its own; its figures are at /metrics.</summary>
    public static IEndpointConventionBuilder? MapGrainDashboard(this IEndpointRouteBuilder app, string prefix) => null;
}
