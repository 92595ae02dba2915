using System.Buffers;
using System.Globalization;
using System.Text;

namespace Control.Agent.Processes;

/// <summary>What a look at the process table gave.</summary>
/// <param name="Found">Process ids.</param>
/// <param name="Escaped">Those of them that are in none of the sessions looked for.</param>
/// <param name="IsSettled">
/// False when a process was in the middle of execve(2), where the kernel shows no environment: it may be one of those looked for.
/// </param>
internal sealed record Sighting(List<int> Found, List<int> Escaped, bool IsSettled);

/// <summary>Finds processes in Linux' <c>/proc</c> by session, by <see cref="Mark"/> or by user.</summary>
internal static class ProcessTable
{
    // execve takes up to 2 MiB of arguments and environment with the default stack limit; a mark beyond this is not found.
    private const int MaxEnvironment = 4 << 20;

    // The kernel's threads are children of kthreadd; they have no environment ever.
    private const int KernelThreadsParent = 2;

    /// <summary>
    /// Ids of the live processes (zombies are not) that are in one of <paramref name="sessions"/>, carry a mark starting with
    /// <paramref name="markPrefix"/> or run as one of <paramref name="users"/>. A process cannot hide its session's or its
    /// user's number; its environment, which carries the mark, it can, also from this one when it is another user's.
    /// </summary>
    public static Sighting Find(HashSet<int> sessions, string? markPrefix, HashSet<uint> users)
    {
        var prefix = markPrefix is null ? null : Encoding.ASCII.GetBytes(markPrefix);
        var sighting = new Sighting([], [], true);
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid)
                || pid == Environment.ProcessId
                || StatOf(folder) is not { } stat)
            {
                continue;
            }

            var isInSession = sessions.Contains(stat.Session);
            var isMarked = isInSession || IsOf(users, folder) ? true : prefix is null ? false : IsMarked(folder, prefix);
            if (isMarked == true)
            {
                sighting.Found.Add(pid);
                if (!isInSession)
                {
                    sighting.Escaped.Add(pid);
                }
            }
            else if (isMarked is null && stat.Parent != KernelThreadsParent && pid != KernelThreadsParent)
            {
                sighting = sighting with { IsSettled = false };
            }
        }

        return sighting;
    }

    /// <summary>True for a process that is there and no zombie.</summary>
    public static bool IsAlive(int process) => StatOf(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}")) is not null;

    /// <summary>True when a process neither catches nor ignores a signal, so that it cannot have got it and be there still.</summary>
    public static bool DiesOf(int process, int signal)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            return DiesOf(Read(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/status"), ref buffer, buffer.Length), signal);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Reads that from the text of <c>/proc/PID/status</c> (proc(5): SigIgn and SigCgt, masks in hexadecimal).</summary>
    internal static bool DiesOf(ReadOnlySpan<byte> status, int signal)
    {
        return MaskOf(status, "\nSigIgn:\t"u8) is { } ignored && MaskOf(status, "\nSigCgt:\t"u8) is { } caught && ((ignored | caught) >> (signal - 1) & 1) == 0;

        static ulong? MaskOf(ReadOnlySpan<byte> status, ReadOnlySpan<byte> name)
        {
            var start = status.IndexOf(name);
            var text = start < 0 ? [] : status[(start + name.Length)..];
            return ulong.TryParse(text[..Math.Max(0, text.IndexOf((byte)'\n'))], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var mask) ? mask : null;
        }
    }

    /// <summary>True when a live process is in the session.</summary>
    public static bool HasSession(int session)
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (char.IsAsciiDigit(folder[^1]) && StatOf(folder)?.Session == session)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Reads parent and session from the text of <c>/proc/PID/stat</c> (proc(5): pid, name in parentheses, state, ppid, pgrp,
    /// session, ...); the name may itself contain parentheses and spaces. Null for a zombie or a dead process.
    /// </summary>
    internal static (int Parent, int Session)? ParseStat(ReadOnlySpan<byte> stat)
    {
        var rest = stat[(stat.LastIndexOf((byte)')') + 1)..];
        var text = Encoding.ASCII.GetString(rest[..Math.Min(rest.Length, 64)]).Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
        return text is [not ("Z" or "X"), var parent, _, var session, ..]
            ? (int.Parse(parent, CultureInfo.InvariantCulture), int.Parse(session, CultureInfo.InvariantCulture))
            : null;
    }

    private static (int Parent, int Session)? StatOf(string folder)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(1024);
        try
        {
            return Read($"{folder}/stat", ref buffer, buffer.Length) is { Length: > 0 } stat ? ParseStat(stat) : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>
    /// True when the text of <c>/proc/PID/status</c> names one of the users as the real, effective, saved or file system user.
    /// The owner of the folder would not do: it is root for processes that do not want to be looked into.
    /// </summary>
    internal static bool IsOf(HashSet<uint> users, ReadOnlySpan<byte> status)
    {
        var start = status.IndexOf("\nUid:"u8);
        var line = start < 0 ? [] : status[(start + 5)..];
        var text = Encoding.ASCII.GetString(line[..Math.Max(0, line.IndexOf((byte)'\n'))]);
        return text.Split('\t', StringSplitOptions.RemoveEmptyEntries).Any(id => uint.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var user) && users.Contains(user));
    }

    private static bool IsOf(HashSet<uint> users, string folder)
    {
        if (users.Count == 0)
        {
            return false;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            return IsOf(users, Read($"{folder}/status", ref buffer, buffer.Length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // Null when the kernel shows neither environment nor arguments.
    private static bool? IsMarked(string folder, ReadOnlySpan<byte> prefix)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            var environment = Read($"{folder}/environ", ref buffer, MaxEnvironment);
            return environment.Length > 0 ? Mark.IsIn(environment, prefix) : Read($"{folder}/cmdline", ref buffer, buffer.Length).Length > 0 ? false : null;
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
