using Control.Grains;
using Control.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Silo.Hosting;

/// <summary>A silo: storage, grains and the engine that runs them.</summary>
public static class SiloHost
{
    /// <summary>Adds a silo to a host. It is alone; its state is in <paramref name="dataDirectory"/>.</summary>
    public static IServiceCollection AddControlSilo(this IServiceCollection services, string dataDirectory)
    {
        services.AddControlStorage(options => options.DataDirectory = dataDirectory);
        services.AddControlGrains();
        services.AddGrainEngine();
        services.AddHostedService<SchedulerPoke>();
        return services;
    }
}
