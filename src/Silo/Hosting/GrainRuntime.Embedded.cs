using Control.Grains;
using Control.Runtime.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Silo.Hosting;

// The seam: what differs between the engines when a silo is hosted. GrainRuntime.Orleans.cs has the same member.
internal static class GrainRuntime
{
    /// <summary>Adds the embedded runtime, one silo.</summary>
    public static IServiceCollection AddGrainEngine(this IServiceCollection services) =>
        services.AddGrainRuntime(configure: null, typeof(GrainServices).Assembly).AddGrainStatistics();
}
