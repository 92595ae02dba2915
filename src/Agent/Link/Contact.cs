namespace Control.Agent.Link;

/// <summary>
/// How long the server may have been without a sign of life: counted from when the last renewal that was answered had been
/// sent, as the server cannot have heard it earlier.
/// </summary>
/// <param name="time">The clock.</param>
/// <param name="isUnbroken">Whoever is asked is in this process and cannot be out of touch.</param>
internal sealed class Contact(TimeProvider time, bool isUnbroken = false)
{
    private long _lastSent = time.GetTimestamp();

    /// <summary>Time out of touch.</summary>
    public TimeSpan Silence => isUnbroken ? TimeSpan.Zero : time.GetElapsedTime(Interlocked.Read(ref _lastSent));

    /// <summary>A renewal sent at <paramref name="timestamp"/> was answered.</summary>
    public void Answered(long timestamp)
    {
        for (var last = Interlocked.Read(ref _lastSent); timestamp > last;)
        {
            var found = Interlocked.CompareExchange(ref _lastSent, timestamp, last);
            if (found == last)
            {
                return;
            }

            last = found;
        }
    }
}
