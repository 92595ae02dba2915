using Control.Grains;
using Control.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Silo.Hosting;

/// <summary>A silo: storage, grains and the engine that runs them.</summary>
public static class SiloHost
{
    /// <summary>Adds a silo to a host. It is alone; its state is in <paramref name="dataDirectory"/>.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="dataDirectory">The store's folder.</param>
    /// <param name="isScheduling">False for a silo that lives for a few calls and leaves what is due to another.</param>
    public static IServiceCollection AddControlSilo(this IServiceCollection services, string dataDirectory, bool isScheduling = true)
    {
        services.AddControlStorage(options => options.DataDirectory = dataDirectory);
        services.AddControlGrains();
        services.AddGrainEngine();
        return isScheduling ? services.AddHostedService<SchedulerPoke>() : services;
    }
}
