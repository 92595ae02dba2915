using Orleans.Runtime;

namespace Control.Runtime.Activations;

/// <summary>A grain's timer. Due, it goes into the mailbox like a request; it is set anew when its tick has ended.</summary>
internal sealed class GrainTimer : Turn, IGrainTimer
{
    private readonly Activation _activation;
    private readonly Func<CancellationToken, Task> _callback;
    private readonly CancellationTokenSource _ended = new();
    private readonly ITimer _timer;
    private TimeSpan _period;
    private int _queued;
    private bool _changed;

    public GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options, TimeProvider clock)
    {
        _activation = activation;
        _callback = callback;
        Interleaves = options.Interleave;
        KeepsAlive = options.KeepAlive;

        // The timer must not keep alive what flows along the call that registers it.
        using (ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow())
        {
            _timer = clock.CreateTimer(static state => ((GrainTimer)state!).Due(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public bool Interleaves { get; }

    public bool KeepsAlive { get; }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, nameof(dueTime));
        Check(period, nameof(period));
        _period = period;
        _changed = true;
        if (!_ended.IsCancellationRequested) _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
    }

    public void Dispose()
    {
        if (_ended.IsCancellationRequested) return;
        _timer.Dispose();
        _activation.Forget(this);
        _ended.Cancel();
    }

    public Task TickAsync()
    {
        Volatile.Write(ref _queued, 0);
        _changed = false;
        return _ended.IsCancellationRequested ? Task.CompletedTask : _callback(_ended.Token);
    }

    /// <summary>Sets the timer for the next tick, unless the tick itself did.</summary>
    public void Rearm()
    {
        if (!_changed && _period > TimeSpan.Zero && !_ended.IsCancellationRequested) _timer.Change(_period, Timeout.InfiniteTimeSpan);
    }

    private void Due()
    {
        if (Interlocked.Exchange(ref _queued, 1) == 0) _activation.Add(this);
    }

    private static void Check(TimeSpan value, string name)
    {
        if (value < TimeSpan.Zero && value != Timeout.InfiniteTimeSpan) throw new ArgumentOutOfRangeException(name, "A time must be zero or more, or infinite.");
    }
}
