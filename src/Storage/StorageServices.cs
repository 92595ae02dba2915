using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Control.Storage;

/// <summary>Adds the store to a host.</summary>
public static class StorageServices
{
    /// <summary>
    /// Adds <see cref="ControlStore"/> and its parts. The host's start opens and migrates it, and fails with a message
    /// that names the cure when an option is wrong or the store cannot be opened. Add it before whatever uses it.
    /// </summary>
    public static IServiceCollection AddControlStorage(this IServiceCollection services, Action<StorageOptions> configure)
    {
        var options = new StorageOptions();
        configure(options);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(provider => ControlStore.Open(
            options, provider.GetRequiredService<TimeProvider>(), provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance));
        services.AddSingleton(provider => provider.GetRequiredService<ControlStore>().Commits);
        services.AddSingleton(provider => provider.GetRequiredService<ControlStore>().Work);
        services.AddSingleton(provider => provider.GetRequiredService<ControlStore>().Logs);
        services.AddSingleton(provider => provider.GetRequiredService<ControlStore>().Idempotency);
        services.AddSingleton(provider => provider.GetRequiredService<ControlStore>().Secrets);
        services.AddSingleton(provider => provider.GetRequiredService<ControlStore>().Rotation);
        services.AddSingleton(provider => provider.GetRequiredService<ControlStore>().Signals);
        services.AddHostedService<StorageStart>();
        return services;
    }

    // Opening belongs to the host's start: the first request must not be the one to find a broken store.
    private sealed class StorageStart(IServiceProvider provider) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            provider.GetRequiredService<ControlStore>();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
