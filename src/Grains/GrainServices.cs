using Control.Grains.Agents;
using Control.Grains.Calls;
using Control.Grains.Clusters;
using Control.Grains.Durable;
using Control.Grains.Runs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Control.Grains;

/// <summary>Registers what grains need from their silo, alike on both engines.</summary>
public static class GrainServices
{
    /// <summary>Name of the source and meter of finished runs.</summary>
    public const string RunTelemetryName = RunTelemetry.SourceName;

    /// <summary>Adds the grains' services; storage and the grain runtime are added by the host.</summary>
    public static IServiceCollection AddControlGrains(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(_ => SiloIdentity.Create());
        services.TryAddSingleton<AgentTimings>();
        services.AddSingleton<GrainFacets>();
        services.AddSingleton<RunTelemetry>();
        services.AddSingleton<SourceResolver>();
        services.AddSingleton<ClusterProbe>();
        services.AddSingleton<RunEffects>();
        services.AddSingleton<IOutgoingGrainCallFilter>(_ => new RetryFilter(TimeProvider.System));
        return services;
    }
}
