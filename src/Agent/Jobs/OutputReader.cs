using Control.Agent.Processes;
using Microsoft.Win32.SafeHandles;

namespace Control.Agent.Jobs;

/// <summary>Reads the outputs file, in whose place the job may have put anything: a link, a named pipe, a folder, something huge.</summary>
internal static class OutputReader
{
    /// <summary>Up to <paramref name="limit"/> bytes; null when it is not a regular file.</summary>
    public static byte[]? Read(string path, int limit)
    {
        // Nothing of the job runs any more, so what is looked at here is what is opened below.
        if (new FileInfo(path) is not { Exists: true, LinkTarget: null })
        {
            return null;
        }

        using var handle = new SafeFileHandle(Libc.OpenToRead(path), ownsHandle: true);
        if (handle.IsInvalid)
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
