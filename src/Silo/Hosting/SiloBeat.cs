using Control.Contracts.Scheduling;
using Control.Grains.Durable;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Control.Silo.Hosting;

/// <summary>Sees to it that a scheduler is active somewhere and knows that this silo lives. Its work is done by its own timer.</summary>
internal sealed partial class SiloBeat(IGrainFactory grains, SiloIdentity silo, TimeProvider time, ILogger<SiloBeat> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            try
            {
                await grains.GetGrain<ISchedulerGrain>("0").Beat(silo.BootId);
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                LogFailed(fault);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The scheduler did not answer; it is told again in 5 s")]
    private partial void LogFailed(Exception fault);
}
