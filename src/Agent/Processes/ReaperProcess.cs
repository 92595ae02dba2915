using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Control.Agent.Users;

namespace Control.Agent.Processes;

/// <summary>
/// The other end of the agent's pipe: a process that outlives a killed agent just long enough to end what the agent's jobs
/// left. It reads lines <c>+SESSION</c>, <c>-SESSION</c>, <c>+uUSER</c> and <c>-uUSER</c>; the end of the input means that
/// the agent is gone.
/// </summary>
/// <remarks>
/// The agent starts it as <c>setsid PROGRAM agent-reaper MARK LOCK</c> with a pipe on standard input. The host program calls
/// <see cref="RunAsync"/> when its first argument is <see cref="Verb"/>, before anything else: it needs nothing else.
/// </remarks>
public static class ReaperProcess
{
    /// <summary>The hidden argument that makes the program a reaper.</summary>
    public const string Verb = "agent-reaper";

    private const int MaxLine = 32;

    private const char User = 'u';

    /// <summary>Reads sessions and users until the input ends, then ends all of their processes and everything with the mark.</summary>
    /// <param name="arguments">What follows <see cref="Verb"/>: the mark's prefix, and a file to lock meanwhile.</param>
    /// <param name="input">Standard input.</param>
    /// <returns>The exit code: 0, or 2 when the arguments are not an agent's.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Stream input)
    {
        // A mark always ends with a slash; anything shorter could match a stranger's processes.
        if (arguments is not [{ Length: > 16 } mark, var lockFile] || !mark.EndsWith('/'))
        {
            await Console.Error.WriteLineAsync($"{Verb} is started by the build agent only.").ConfigureAwait(false);
            return 2;
        }

        using var hangUp = Ignore(PosixSignal.SIGHUP);
        using var interrupt = Ignore(PosixSignal.SIGINT);
        using var terminate = Ignore(PosixSignal.SIGTERM);
        using var quit = Ignore(PosixSignal.SIGQUIT);
        using var held = FileLock.TryTake(lockFile);
        var watched = new HashSet<string>(StringComparer.Ordinal);
        using var lines = new StreamReader(input, Encoding.ASCII, detectEncodingFromByteOrderMarks: false, bufferSize: 256);
        while (await lines.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            Apply(watched, line);
        }

        await EndAsync(watched, mark).ConfigureAwait(false);
        return 0;
    }

    /// <summary>How a session is called on the pipe.</summary>
    internal static string Name(int session) => session.ToString(CultureInfo.InvariantCulture);

    /// <summary>How a user is called on the pipe.</summary>
    internal static string Name(JobUser user) => string.Create(CultureInfo.InvariantCulture, $"{User}{user.Id}");

    // A user that somebody else has taken since the agent died was cleared of what the agent had left: who takes one does that.
    private static async Task EndAsync(HashSet<string> watched, string mark)
    {
        var sessions = watched.Where(name => name[0] != User).Select(name => int.Parse(name, CultureInfo.InvariantCulture)).ToHashSet();
        var users = watched.Where(name => name[0] == User)
            .Select(name => JobUsers.TryHold(JobUsers.LockFolder, uint.Parse(name.AsSpan(1), CultureInfo.InvariantCulture)))
            .OfType<JobUser>()
            .ToArray();
        await Extinction.OfAsync(() => ProcessTable.Find(sessions, mark, [.. users.Select(user => user.Id)]), TimeSpan.Zero).ConfigureAwait(false);
        foreach (var user in users)
        {
            user.Dispose();
        }
    }

    private static PosixSignalRegistration Ignore(PosixSignal signal) =>
        PosixSignalRegistration.Create(signal, context => context.Cancel = true);

    private static void Apply(HashSet<string> watched, string line)
    {
        var isUser = line.Length > 1 && line[1] == User;
        if (line.Length is < 2 or > MaxLine
            || !int.TryParse(line.AsSpan(isUser ? 2 : 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            || number < 2)
        {
            return;
        }

        if (line[0] == '+')
        {
            watched.Add(line[1..]);
        }
        else
        {
            watched.Remove(line[1..]);
        }
    }
}
