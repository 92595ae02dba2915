using System.Threading.Channels;
using Control.Storage;
using Control.Storage.Signals;

namespace Control.Api.Events;

/// <summary>
/// Wakes one reader when one of its subjects changed. Subscribed before the first read, so that no change falls between a
/// read and the wait after it; changes that come while the reader is busy are one wake.
/// </summary>
internal sealed class Pulse : IDisposable
{
    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly List<IDisposable> _subscriptions = [];
    private readonly TimeProvider _time;

    public Pulse(ChangeSignal signal, TimeProvider time, params ReadOnlySpan<SubjectKey> subjects)
    {
        _time = time;
        foreach (var subject in subjects)
        {
            _subscriptions.Add(signal.Subscribe(subject, () => _wakes.Writer.TryWrite(true)));
        }
    }

    /// <summary>True after a change; false when <paramref name="longest"/> went by without one.</summary>
    public async Task<bool> WaitAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(longest, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await _wakes.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    public void Dispose()
    {
        foreach (var subscription in _subscriptions)
        {
            subscription.Dispose();
        }
    }
}
