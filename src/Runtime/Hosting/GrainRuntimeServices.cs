using System.Reflection;
using Control.Runtime.Calls;
using Control.Runtime.Clustering;
using Control.Runtime.Silo;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Control.Runtime.Hosting;

/// <summary>Adds a silo to a host.</summary>
public static class GrainRuntimeServices
{
    /// <summary>
    /// Adds a silo that lives as long as the host, and <see cref="IGrainFactory"/>. Call filters are those registered as
    /// <see cref="IIncomingGrainCallFilter"/> and <see cref="IOutgoingGrainCallFilter"/>, in their order. The meter
    /// "Control.Runtime" shows <c>control.grain.activations</c> and <c>control.grain.calls.pending</c>.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configure">Sets options; null for the defaults.</param>
    /// <param name="assemblies">Those that hold the grain classes.</param>
    /// <exception cref="Orleans.Runtime.OrleansConfigurationException">At start: an option or a grain class is wrong.</exception>
    public static IServiceCollection AddGrainRuntime(
        this IServiceCollection services, Action<GrainRuntimeOptions>? configure, params Assembly[] assemblies)
    {
        services.AddLogging();
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(_ => MakeOptions(configure));
        services.AddSingleton(provider => new GrainClasses(assemblies, provider.GetRequiredService<GrainRuntimeOptions>()));
        services.AddSingleton(provider =>
            new PendingCalls((long)provider.GetRequiredService<GrainRuntimeOptions>().ResponseTimeout.TotalMilliseconds));
        services.AddSingleton<ActivationGauges>();
        services.AddSingleton(MakeSilo);
        services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<GrainSilo>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<GrainSilo>());
        return services;
    }

    private static GrainRuntimeOptions MakeOptions(Action<GrainRuntimeOptions>? configure)
    {
        var options = new GrainRuntimeOptions();
        configure?.Invoke(options);
        options.Validate();
        return options;
    }

    private static GrainSilo MakeSilo(IServiceProvider provider)
    {
        // The gauges watch from the silo's beginning; nobody else asks for them.
        provider.GetRequiredService<ActivationGauges>();
        var options = provider.GetRequiredService<GrainRuntimeOptions>();
        var classes = provider.GetRequiredService<GrainClasses>();
        var log = provider.GetRequiredService<ILogger<GrainSilo>>();
        return new GrainSilo(
            provider,
            options,
            classes,
            provider.GetRequiredService<PendingCalls>(),
            provider.GetServices<IIncomingGrainCallFilter>(),
            provider.GetServices<IOutgoingGrainCallFilter>(),
            log,
            options.Cluster is { } cluster ? new Cluster(cluster, classes, TimeProvider.System, log) : null);
    }
}
