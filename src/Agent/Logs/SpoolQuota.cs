namespace Control.Agent.Logs;

/// <summary>Bytes of logs on disk over all jobs, up to a limit.</summary>
internal sealed class SpoolQuota(long limit)
{
    private long _used;

    /// <summary>Takes bytes; false when the limit would be passed.</summary>
    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _used, bytes) <= limit)
        {
            return true;
        }

        Return(bytes);
        return false;
    }

    /// <summary>Gives bytes back.</summary>
    public void Return(long bytes) => Interlocked.Add(ref _used, -bytes);
}
