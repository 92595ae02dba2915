namespace Control.Agent.Processes;

/// <summary>A lock between processes: a file that one of them has open, until it closes it or dies.</summary>
internal static class FileLock
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>Takes the lock; null when another process, or another part of this one, has it.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static FileStream? TryTake(string path)
    {
        try
        {
            return new FileStream(path, new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None, UnixCreateMode = OwnerOnly });
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    /// <summary>Waits until nobody has the lock. On real time always: the holder is a process.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public static async Task WaitAsync(string path, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(Look, TimeProvider.System);
        while (true)
        {
            using var held = TryTake(path);
            if (held is not null)
            {
                return;
            }

            await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
