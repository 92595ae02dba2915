using Control.Contracts.Clusters;
using Control.Contracts.Scheduling;
using Control.Grains.Durable;

namespace Control.Grains.Scheduling;

/// <summary>
/// Wakes what is due. Sleeps until the next due time in the store, or until a commit with an earlier one tells it. It also
/// adopts: unfinished rows whose owner is not a living silo are woken, which makes their grains take them over.
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

    // Timers take no longer times than 49 days; waking up for nothing once a day costs nothing.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromDays(1);

    // Silos beat every 5 s: two beats may get lost.
    private static readonly TimeSpan SilentAfter = TimeSpan.FromSeconds(15);

    private readonly Dictionary<string, long> _beats = [];
    private IGrainTimer? _timer;
    private DateTimeOffset _sleepsUntil = DateTimeOffset.MaxValue;
    private bool _hasAdopted;
    private bool _isAdopting;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _timer = this.RegisterGrainTimer(
            Tick,
            new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { KeepAlive = true, Interleave = true });
        await Sleep(cancellationToken);
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        // What is due must not wait for the next silo's beat because this grain lives elsewhere now.
        if (reason.ReasonCode != DeactivationReasonCode.ShuttingDown)
        {
            GrainFactory.GetGrain<ISchedulerGrain>(this.GetPrimaryKeyString()).Poke().Forget();
        }

        return Task.CompletedTask;
    }

    public async Task Poke()
    {
        if (_hasAdopted || _isAdopting)
        {
            return;
        }

        _isAdopting = true;
        try
        {
            // While the same silos live, no row becomes orphaned; once all are adopted there are no more.
            _hasAdopted = await Adopt();
        }
        finally
        {
            _isAdopting = false;
        }
    }

    public Task Beat(string bootId)
    {
        var isNew = !_beats.ContainsKey(bootId);
        _beats[bootId] = time.GetTimestamp();
        var gone = _beats.Where(beat => time.GetElapsedTime(beat.Value) >= SilentAfter).Select(beat => beat.Key).ToList();
        gone.ForEach(boot => _beats.Remove(boot));
        if (isNew || gone.Count > 0)
        {
            _hasAdopted = false;
        }

        return Poke();
    }

    public Task Due(DateTimeOffset at)
    {
        // What is due by now wakes in any case: the clock may have moved on while the timer was being set.
        if (at < _sleepsUntil || at <= time.GetUtcNow())
        {
            SleepUntil(at);
        }

        return Task.CompletedTask;
    }

    private async Task Tick(CancellationToken cancellationToken)
    {
        // Side by side: one that hangs does not hold up the others, and their commits are gathered.
        var due = await work.DueAsync(time.GetUtcNow(), Batch, cancellationToken);
        await Task.WhenAll(due.Select(subject => Wake(subject.Subject)));
        await Sleep(cancellationToken);
    }

    private async Task Sleep(CancellationToken cancellationToken)
    {
        _sleepsUntil = DateTimeOffset.MaxValue;
        if (await work.NextDueAsync(cancellationToken) is { } next)
        {
            var earliest = time.GetUtcNow() + Breath;
            var at = next < earliest ? earliest : next;
            // What was committed while this was being read may be due earlier.
            await Due(at);
        }
    }

    private void SleepUntil(DateTimeOffset at)
    {
        _sleepsUntil = at;
        var left = at - time.GetUtcNow();
        var sleep = left < TimeSpan.Zero ? TimeSpan.Zero : left < LongestSleep ? left : LongestSleep;
        _timer?.Change(sleep, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True when all are adopted. Those that fail are tried again with the next poke.</summary>
    private async Task<bool> Adopt()
    {
        while (true)
        {
            var orphans = await work.OrphansAsync(_beats.Keys.Append(silo.BootId), Batch, CancellationToken.None);
            foreach (var orphan in orphans)
            {
                LogAdopted(orphan.Kind, orphan.Key);
            }

            var adopted = await Task.WhenAll(orphans.Select(Wake));
            if (orphans.Length < Batch || !adopted.Contains(true))
            {
                return !adopted.Contains(false);
            }
        }
    }

    private async Task<bool> Wake(SubjectKey subject)
    {
        try
        {
            await (subject.Kind switch
            {
                SubjectKinds.Run => GrainFactory.GetGrain<IRunGrain>(subject.Key).Wake(),
                SubjectKinds.Agent => GrainFactory.GetGrain<IAgentGrain>(subject.Key).Wake(),
                SubjectKinds.Group => GrainFactory.GetGrain<IGroupGrain>(subject.Key).Wake(),
                SubjectKinds.Retention => GrainFactory.GetGrain<IRetentionGrain>(subject.Key).Wake(),
                SubjectKinds.Trigger => GrainFactory.GetGrain<ITriggerGrain>(subject.Key).Wake(),
                SubjectKinds.Cluster => GrainFactory.GetGrain<IClusterGrain>(subject.Key).Wake(),
                SubjectKinds.Pipeline => GrainFactory.GetGrain<IPipelineGrain>(subject.Key).Wake(),
                _ => Task.CompletedTask,
            });
            return true;
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogWakeFailed(subject.Kind, subject.Key, fault);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Adopting {Kind} {Key} from a process that is gone")]
    private partial void LogAdopted(string kind, string key);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Waking {Kind} {Key} failed; it is tried again")]
    private partial void LogWakeFailed(string kind, string key, Exception fault);
}
