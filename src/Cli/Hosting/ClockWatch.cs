using Control.Contracts.Errors;
using Control.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Control.Cli.Hosting;

/// <summary>
/// Compares this machine's clock with that of the database, which all processes of a cluster share. What is due when stands there, in
/// whoever's time wrote it: a silo that is an hour ahead would end jobs and start schedules an hour early. So a process does not start
/// beside a clock it does not agree with, and says so when they part later.
/// </summary>
internal sealed partial class ClockWatch(ControlStore store, TimeProvider time, ILogger<ClockWatch> log) : BackgroundService
{
    /// <summary>Machines whose clocks are kept differ by far less; the deadlines of jobs are minutes.</summary>
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Asks whether a host may start. Before it does: a silo that had joined would have grains already, and one of Orleans whose start another
    /// service refuses cannot be stopped.
    /// </summary>
    /// <exception cref="ControlException"><c>clock-off</c>: the clocks differ by more than 30 s.</exception>
    public static async Task CheckAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var offset = await services.GetRequiredService<ControlStore>().ClockOffsetAsync(services.GetRequiredService<TimeProvider>(), cancellationToken);
        if (offset.Duration() > Tolerance)
        {
            throw new ControlException(
                "clock-off",
                $"This machine's clock is {Words(offset)} the database's. Set the one that is wrong, as with timedatectl set-ntp true or chronyc makestep, and start again.");
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                var offset = await store.ClockOffsetAsync(time, stoppingToken);
                if (offset.Duration() > Tolerance) LogOff(Words(offset));
            }
            catch (Exception fault) when (fault is not OutOfMemoryException && !stoppingToken.IsCancellationRequested)
            {
                // A database that is away is told of by those who need it.
            }
        }
    }

    private static string Words(TimeSpan offset) => $"{offset.Duration():d\\.hh\\:mm\\:ss} {(offset > TimeSpan.Zero ? "ahead of" : "behind")}";

    [LoggerMessage(Level = LogLevel.Error, Message = "This machine's clock is {Offset} the database's: set the one that is wrong; until then deadlines and schedules are early or late by as much")]
    private partial void LogOff(string offset);
}
