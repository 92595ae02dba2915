using Control.Contracts.Scheduling;
using Control.Grains.Durable;

namespace Control.Grains.Scheduling;

/// <summary>
/// Wakes what is due. Sleeps until the next due time in the store, or until a commit with an earlier one tells it. Each poke
/// also adopts: unfinished rows whose owner is not a living silo are woken, which makes their grains take them over.
/// </summary>
[Reentrant]
internal sealed partial class SchedulerGrain(WorkIndex work, SiloIdentity silo, TimeProvider time, ILogger<SchedulerGrain> log)
    : Grain, ISchedulerGrain
{
    /// <summary>The one partition there is so far.</summary>
    public const string OnlyKey = "0";

    private const int Batch = 200;

    // A due row that stays due (its grain fails) is tried again after this, not in a loop.
    private static readonly TimeSpan Breath = TimeSpan.FromSeconds(1);

    private IGrainTimer? _timer;
    private DateTimeOffset _sleepsUntil = DateTimeOffset.MaxValue;
    private bool _hasAdopted;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _timer = this.RegisterGrainTimer(
            Tick,
            new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { KeepAlive = true, Interleave = true });
        await Sleep(cancellationToken);
    }

    public async Task Poke()
    {
        if (!_hasAdopted)
        {
            // With one silo, rows can only be orphaned by an earlier process; once all are adopted there are no more.
            _hasAdopted = await Adopt();
        }
    }

    public Task Due(DateTimeOffset at)
    {
        if (at < _sleepsUntil)
        {
            SleepUntil(at);
        }

        return Task.CompletedTask;
    }

    private async Task Tick(CancellationToken cancellationToken)
    {
        foreach (var due in await work.DueAsync(time.GetUtcNow(), Batch, cancellationToken))
        {
            await Wake(due.Subject);
        }

        await Sleep(cancellationToken);
    }

    private async Task Sleep(CancellationToken cancellationToken)
    {
        _sleepsUntil = DateTimeOffset.MaxValue;
        if (await work.NextDueAsync(cancellationToken) is { } next)
        {
            var earliest = time.GetUtcNow() + Breath;
            SleepUntil(next < earliest ? earliest : next);
        }
    }

    private void SleepUntil(DateTimeOffset at)
    {
        _sleepsUntil = at;
        var left = at - time.GetUtcNow();
        _timer?.Change(left > TimeSpan.Zero ? left : TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
    }

    private async Task<bool> Adopt()
    {
        var orphans = await work.OrphansAsync(silo.BootId, Batch, CancellationToken.None);
        foreach (var orphan in orphans)
        {
            LogAdopted(orphan.Kind, orphan.Key);
            await Wake(orphan);
        }

        return orphans.Length < Batch;
    }

    private async Task Wake(SubjectKey subject)
    {
        try
        {
            await (subject.Kind switch
            {
                SubjectKinds.Run => GrainFactory.GetGrain<IRunGrain>(subject.Key).Wake(),
                SubjectKinds.Agent => GrainFactory.GetGrain<IAgentGrain>(subject.Key).Wake(),
                _ => Task.CompletedTask,
            });
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogWakeFailed(subject.Kind, subject.Key, fault);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Adopting {Kind} {Key} from a process that is gone")]
    private partial void LogAdopted(string kind, string key);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Waking {Kind} {Key} failed; it is tried again")]
    private partial void LogWakeFailed(string kind, string key, Exception fault);
}
