using System.Collections.Immutable;
using Control.Agent.Executors;
using Control.Contracts.Agents;
using Control.Contracts.Runs;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Jobs;

/// <summary>What the agent tells the server about itself.</summary>
/// <param name="Free">Jobs it can take.</param>
/// <param name="Holding">Leases it holds, running or ending.</param>
/// <param name="Changed">Cancelled once this is out of date.</param>
internal sealed record Standing(int Free, ImmutableArray<LeaseRef> Holding, CancellationToken Changed);

/// <summary>The jobs of this boot.</summary>
internal sealed partial class JobTable(JobTools tools, ExecutorChoice executors, ILoggerFactory loggers)
{
    // Orders may come twice: with a renewal and with the parked poll, or again because an answer was lost. Those for older
    // leases than the last so many cannot come any more.
    private const int Remembered = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<LeaseRef, Job> _jobs = [];
    private readonly HashSet<LeaseRef> _seen = [];
    private readonly Queue<LeaseRef> _seenOrder = new();
    private readonly HashSet<Task> _tasks = [];
    private readonly CancellationTokenSource _abandon = new();
    private readonly ILogger<JobTable> _logger = loggers.CreateLogger<JobTable>();
    private CancellationTokenSource _changed = new();
    private long _count;

    // Ended jobs whose logs fill the disk: their slots are not free before those are uploaded.
    private int _outOfRoom;

    /// <summary>Jobs held.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _jobs.Count;
            }
        }
    }

    /// <summary>How things stand.</summary>
    public Standing Look()
    {
        lock (_gate)
        {
            return new Standing(Math.Max(0, tools.Options.Capacity - _jobs.Count - _outOfRoom), [.. _jobs.Keys], _changed.Token);
        }
    }

    /// <summary>Carries out orders; returns at once. Safe to repeat.</summary>
    /// <returns>False when there was nothing to do that was not done already.</returns>
    public bool Apply(AgentOrdersMessage orders)
    {
        var news = orders.Forget.Count(lease => Find(lease)?.End(JobEnd.Forgotten) == true);
        news += orders.Stop.Count(Stop);
        news += orders.Start.Count(Start);
        return news > 0;
    }

    /// <summary>Ends all jobs and waits: for the processes as long as it takes, for the server only a little.</summary>
    public async Task EndAllAsync(JobEnd cause, TimeSpan patience)
    {
        Task[] tasks;
        lock (_gate)
        {
            foreach (var job in _jobs.Values)
            {
                job.End(cause);
            }

            tasks = [.. _tasks];
        }

        _abandon.CancelAfter(patience);
        await Task.WhenAll(tasks).ConfigureAwait(false);
    }

    private Job? Find(LeaseRef lease)
    {
        lock (_gate)
        {
            return _jobs.GetValueOrDefault(lease);
        }
    }

    private bool Start(AssignmentMessage message)
    {
        lock (_gate)
        {
            var job = new Job(message, ++_count, tools, executors, loggers.CreateLogger<Job>());
            if (!Remember(job.Lease))
            {
                return false;
            }

            _jobs.Add(job.Lease, job);
            Change();
            Track(Task.Run(() => RunAsync(job)));
            return true;
        }
    }

    // A lease that never arrived, or is over, has nothing to stop, and the server must hear that; nor may it start later.
    private bool Stop(LeaseRef lease)
    {
        lock (_gate)
        {
            if (_jobs.TryGetValue(lease, out var job))
            {
                return job.End(JobEnd.Stopped);
            }

            if (!Remember(lease))
            {
                return false;
            }

            Track(Task.Run(() => ReportNothingAsync(lease)));
            return true;
        }
    }

    private async Task RunAsync(Job job)
    {
        try
        {
            await job.RunAsync(_abandon.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_abandon.IsCancellationRequested)
        {
            LogAbandoned(job.Lease.Attempt);
        }
        finally
        {
            lock (_gate)
            {
                _jobs.Remove(job.Lease);
                _outOfRoom += job.IsOutOfRoom ? 1 : 0;
                Change();
            }
        }

        try
        {
            await DrainAsync(job).ConfigureAwait(false);
        }
        finally
        {
            // However it went: a slot must not stay taken.
            if (job.IsOutOfRoom) FreeSlot();
        }
    }

    private void FreeSlot()
    {
        lock (_gate)
        {
            _outOfRoom--;
            Change();
        }
    }

    private async Task DrainAsync(Job job)
    {
        try
        {
            await job.DrainAsync().ConfigureAwait(false);
        }
        catch (IOException e)
        {
            LogIncomplete(job.Lease.Attempt, e);
        }
    }

    private async Task ReportNothingAsync(LeaseRef lease)
    {
        var report = new AttemptReport(lease.Attempt, lease.Lease, tools.Agent, ReportKind.Stopped, Reasons.Cancelled, "Stopped before it began.", null, ImmutableSortedDictionary<string, string>.Empty, 0);
        try
        {
            await tools.Reports.DeliverAsync(report, CancellationToken.None, _abandon.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_abandon.IsCancellationRequested)
        {
            LogAbandoned(lease.Attempt);
        }
    }

    private bool Remember(LeaseRef lease)
    {
        if (!_seen.Add(lease))
        {
            return false;
        }

        _seenOrder.Enqueue(lease);
        if (_seenOrder.Count > Remembered)
        {
            _seen.Remove(_seenOrder.Dequeue());
        }

        return true;
    }

    private void Track(Task task)
    {
        _tasks.Add(task);
        _ = task.ContinueWith(
            done =>
            {
                lock (_gate)
                {
                    _tasks.Remove(done);
                }
            },
            TaskScheduler.Default);
    }

    private void Change()
    {
        var changed = _changed;
        _changed = new CancellationTokenSource();
        _ = changed.CancelAsync();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The agent ends before the server could be told how {Attempt} ended.")]
    private partial void LogAbandoned(AttemptId attempt);

    [LoggerMessage(Level = LogLevel.Error, Message = "The log of {Attempt} could not be read from disk and stays incomplete.")]
    private partial void LogIncomplete(AttemptId attempt, Exception exception);
}
