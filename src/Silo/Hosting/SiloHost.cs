using Control.Grains;
using Control.Grains.Durable;
using Control.Silo.Statistics;
using Control.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;

namespace Control.Silo.Hosting;

/// <summary>A silo: storage, grains and the engine that runs them.</summary>
public static class SiloHost
{
    /// <summary>Sources of the spans that the engine makes; empty when it makes none.</summary>
    public static IReadOnlyList<string> TraceSources => GrainRuntime.TraceSources;

    /// <summary>Adds a silo to a host.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="storage">Says where its state is.</param>
    /// <param name="cluster">The cluster to join; null for a silo that is alone and listens to nobody.</param>
    /// <param name="isScheduling">False for a silo that lives for a few calls and leaves what is due to another.</param>
    public static IServiceCollection AddControlSilo(
        this IServiceCollection services, Action<StorageOptions> storage, SiloCluster? cluster = null, bool isScheduling = true)
    {
        services.AddControlStorage(storage);
        services.AddSingleton(host => SiloIdentity.Create() with { Stopping = host.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping });
        services.AddControlGrains();
        services.AddGrainEngine(cluster);
        services.AddGrainStatistics();
        return isScheduling ? services.AddHostedService<SiloBeat>().AddHostedService<SecretKeeper>() : services;
    }

    /// <summary>
    /// Adds what calls the grains of a cluster and has none: a gateway's half of a silo. It reads the store itself and leaves
    /// what is due to the silos.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="storage">Says where the cluster's state is.</param>
    /// <param name="cluster">The cluster to join.</param>
    public static IServiceCollection AddControlGuest(this IServiceCollection services, Action<StorageOptions> storage, SiloCluster cluster) =>
        services.AddControlSilo(storage, cluster with { HasGrains = false }, isScheduling: false);

    /// <summary>Records the calls that reach grains in the meter "Control.Silo" as <c>rpc.server.call.duration</c>.</summary>
    public static IServiceCollection AddGrainStatistics(this IServiceCollection services) =>
        services.AddMetrics().AddSingleton<IIncomingGrainCallFilter, CallStatistics>();

    /// <summary>
    /// Maps the engine's own look into silos and grains, where it has one, below <paramref name="prefix"/>. The caller says
    /// who may see it.
    /// </summary>
    /// <returns>To put a policy on; null when the engine has none to map.</returns>
    public static IEndpointConventionBuilder? MapSiloDashboard(this IEndpointRouteBuilder app, string prefix) => app.MapGrainDashboard(prefix);
}
