using Control.Agent.Processes;
using Microsoft.Win32.SafeHandles;

namespace Control.Agent.Executors;

/// <summary>Reads the outputs file, in whose place the job may have put anything: a link, a named pipe, a folder, something huge.</summary>
internal static class OutputReader
{
    /// <summary>Up to <paramref name="limit"/> bytes; null when it is not a regular file, or not the job's.</summary>
    /// <param name="path">The file.</param>
    /// <param name="limit">The most that is read.</param>
    /// <param name="owner">The job's user: the agent may read what that one may not, by a second name of another's file.</param>
    public static byte[]? Read(string path, int limit, uint? owner)
    {
        // Nothing of the job runs any more, so what is looked at here is what is opened below.
        if (new FileInfo(path) is not { Exists: true, LinkTarget: null })
        {
            return null;
        }

        using var handle = new SafeFileHandle(Libc.OpenToRead(path), ownsHandle: true);
        if (handle.IsInvalid || (owner is not null && Libc.OwnerOf(handle) != owner))
        {
            return null;
        }

        try
        {
            using var file = new FileStream(handle, FileAccess.Read, bufferSize: 0);
            if (!file.CanSeek)
            {
                return null;
            }

            var bytes = new byte[Math.Min(file.Length, limit)];
            file.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
