using Control.Contracts.Scheduling;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Control.Silo.Hosting;

/// <summary>Sees to it that a scheduler is active somewhere. Its work is done by its own timer, not by these pokes.</summary>
internal sealed partial class SchedulerPoke(IGrainFactory grains, TimeProvider time, ILogger<SchedulerPoke> log) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        do
        {
            try
            {
                await grains.GetGrain<ISchedulerGrain>("0").Poke();
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                LogFailed(fault);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The scheduler did not answer; it is poked again in 5 s")]
    private partial void LogFailed(Exception fault);
}
