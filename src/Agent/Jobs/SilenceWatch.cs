using Control.Agent.Link;

namespace Control.Agent.Jobs;

/// <summary>
/// Calls once the agent has been out of touch for a limit. It looks when the limit could be reached at the earliest, and
/// again for what contact since then has added.
/// </summary>
internal sealed class SilenceWatch : IDisposable
{
    private readonly Contact _contact;
    private readonly TimeSpan _limit;
    private readonly Action _onSilent;
    private readonly ITimer _timer;

    /// <summary>Starts watching.</summary>
    public SilenceWatch(Contact contact, TimeSpan limit, Action onSilent, TimeProvider time)
    {
        (_contact, _limit, _onSilent) = (contact, limit, onSilent);
        _timer = time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Look();
    }

    /// <inheritdoc/>
    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        var left = _limit - _contact.Silence;
        if (left <= TimeSpan.Zero)
        {
            _onSilent();
            return;
        }

        _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), Timeout.InfiniteTimeSpan);
    }
}
