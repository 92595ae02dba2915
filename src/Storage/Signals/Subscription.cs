using Microsoft.Extensions.Logging;

namespace Control.Storage.Signals;

/// <summary>One subscriber: at most one call due and one under way, whatever the number of changes.</summary>
internal sealed partial class Subscription(ChangeSignal signal, SubjectKey subject, Action onChange, ILogger logger)
    : IDisposable, IThreadPoolWorkItem
{
    private const int Idle = 0, Due = 1, Calling = 2, CallingAndDue = 3;

    private int _state = Idle;
    private volatile bool _disposed;

    /// <summary>Makes a call due.</summary>
    public void Wake()
    {
        while (true)
        {
            var state = Volatile.Read(ref _state);
            if (state is Due or CallingAndDue)
                return;
            var next = state == Idle ? Due : CallingAndDue;
            if (Interlocked.CompareExchange(ref _state, next, state) != state)
                continue;
            if (next == Due)
                ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
            return;
        }
    }

    /// <inheritdoc/>
    public void Execute()
    {
        Volatile.Write(ref _state, Calling);
        Call();
        if (Interlocked.CompareExchange(ref _state, Idle, Calling) == Calling)
            return;
        Volatile.Write(ref _state, Due);
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        signal.Remove(subject, this);
    }

    private void Call()
    {
        if (_disposed)
            return;
        try
        {
            onChange();
        }
        catch (Exception error)
        {
            LogFailed(error, subject);
        }
    }

    [LoggerMessage(1, LogLevel.Error, "A subscriber to {Subject} failed.")]
    private partial void LogFailed(Exception error, SubjectKey subject);
}
