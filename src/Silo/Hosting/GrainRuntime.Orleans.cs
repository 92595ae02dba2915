using Microsoft.Extensions.DependencyInjection;
using Orleans.Hosting;

namespace Control.Silo.Hosting;

// The seam: what differs between the engines when a silo is hosted. GrainRuntime.Embedded.cs has the same member.
internal static class GrainRuntime
{
    /// <summary>Adds Microsoft Orleans, one silo on loopback.</summary>
    public static IServiceCollection AddGrainEngine(this IServiceCollection services) =>
        services.AddOrleans(silo => silo.UseLocalhostClustering());
}
