using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Control.Agent;

/// <summary>Adds the build agent to a host.</summary>
public static class AgentServices
{
    /// <summary>Runs an <see cref="AgentHost"/> as a hosted service; a fault of it stops the host.</summary>
    public static IServiceCollection AddControlAgent(this IServiceCollection services, Action<AgentOptions> configure)
    {
        var options = new AgentOptions();
        configure(options);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(provider => new AgentHost(options, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()));
        return services.AddHostedService(provider => provider.GetRequiredService<AgentHost>());
    }
}
