namespace Control.Agent.Link;

/// <summary>
/// How long the server may have been without a sign of life: counted from when the last renewal that was answered had been
/// sent, as the server cannot have heard it earlier.
/// </summary>
internal sealed class Contact(TimeProvider time)
{
    private long _lastSent = time.GetTimestamp();

    /// <summary>Time out of touch.</summary>
    public TimeSpan Silence => time.GetElapsedTime(Interlocked.Read(ref _lastSent));

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
