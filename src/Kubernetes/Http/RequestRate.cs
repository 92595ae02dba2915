namespace Control.Kubernetes.Http;

/// <summary>
/// Lets requests out at a steady rate, with bursts after a rest: the generic cell rate algorithm (ITU-T I.371, annex A), which needs no
/// timer while nothing is asked.
/// </summary>
internal sealed class RequestRate(double perSecond, int burst, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly TimeSpan _interval = TimeSpan.FromSeconds(1 / perSecond);
    private readonly long _begin = time.GetTimestamp();
    // When the next request would be due if all so far had come at the steady rate.
    private TimeSpan _due;

    /// <summary>Takes a place.</summary>
    /// <param name="longest">Nothing is taken when the wait would be longer.</param>
    /// <returns>How long to wait for it; null when that is too long.</returns>
    public TimeSpan? Take(TimeSpan longest)
    {
        lock (_gate)
        {
            var now = time.GetElapsedTime(_begin);
            var due = _due > now ? _due : now;
            var wait = due - now - (_interval * (burst - 1));
            if (wait > longest) return null;
            _due = due + _interval;
            return wait > TimeSpan.Zero ? wait : TimeSpan.Zero;
        }
    }
}
