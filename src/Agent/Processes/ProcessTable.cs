using System.Buffers;
using System.Globalization;
using System.Text;

namespace Control.Agent.Processes;

/// <summary>Finds processes in Linux' <c>/proc</c> by session or by <see cref="Mark"/>.</summary>
internal static class ProcessTable
{
    // execve takes up to 2 MiB of arguments and environment with the default stack limit; a mark beyond this is not found.
    private const int MaxEnvironment = 4 << 20;

    /// <summary>
    /// Ids of the live processes (zombies are not) that are in one of <paramref name="sessions"/> or carry a mark starting
    /// with <paramref name="markPrefix"/>. Processes of other users that this one may not look into are only found by session.
    /// </summary>
    public static List<int> Find(IReadOnlySet<int> sessions, string markPrefix)
    {
        var prefix = Encoding.ASCII.GetBytes(markPrefix);
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                && pid != Environment.ProcessId
                && SessionOf(folder) is { } session
                && (sessions.Contains(session) || IsMarked(folder, prefix)))
            {
                found.Add(pid);
            }
        }

        return found;
    }

    /// <summary>True when a live process is in the session.</summary>
    public static bool HasSession(int session)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (char.IsAsciiDigit(folder[^1]) && SessionOf(folder) == session)
            {
                return true;
            }
        }

        return false;
    }

    // The session of a live process; null for one that is gone or a zombie.
    private static int? SessionOf(string folder)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(1024);
        try
        {
            return Read($"{folder}/stat", ref buffer, 1024) is { Length: > 0 } stat ? ParseSession(stat) : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// Reads the session from the text of <c>/proc/PID/stat</c> (proc(5): pid, name in parentheses, state, ppid, pgrp,
    /// session, ...); the name may itself contain parentheses and spaces. Null for a zombie or a dead process.
    /// </summary>
    internal static int? ParseSession(ReadOnlySpan<byte> stat)
    {
        var rest = stat[(stat.LastIndexOf((byte)')') + 1)..];
        Span<Range> fields = stackalloc Range[6];
        var text = Encoding.ASCII.GetString(rest[..Math.Min(rest.Length, 64)]);
        var count = text.AsSpan().Split(fields, ' ', StringSplitOptions.RemoveEmptyEntries);
        return count < 5 || text.AsSpan()[fields[0]] is "Z" or "X"
            ? null
            : int.Parse(text.AsSpan()[fields[3]], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
    }

    private static bool IsMarked(string folder, ReadOnlySpan<byte> prefix)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            return Mark.IsIn(Read($"{folder}/environ", ref buffer, MaxEnvironment), prefix);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Everything in a file of /proc up to a limit; empty when the process is gone or may not be looked into.
    private static ReadOnlySpan<byte> Read(string path, ref byte[] buffer, int limit)
    {
        try
        {
            using var file = File.OpenHandle(path);
            var length = 0;
            for (int read; (read = RandomAccess.Read(file, buffer.AsSpan(length), length)) > 0;)
            {
                length += read;
                if (length == buffer.Length && !Grow(ref buffer, limit))
                {
                    break;
                }
            }

            return buffer.AsSpan(0, length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    private static bool Grow(ref byte[] buffer, int limit)
    {
        if (buffer.Length >= limit)
        {
            return false;
        }

        var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
        return true;
    }
}
