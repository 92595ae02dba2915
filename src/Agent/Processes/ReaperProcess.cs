using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Control.Agent.Processes;

/// <summary>
/// The other end of the agent's pipe: a process that outlives a killed agent just long enough to end what the agent's jobs
/// left. It reads lines <c>+SESSION</c> and <c>-SESSION</c>; the end of the input means that the agent is gone.
/// </summary>
/// <remarks>
/// The agent starts it as <c>setsid PROGRAM agent-reaper MARK</c> with a pipe on standard input. The host program calls
/// <see cref="RunAsync"/> when its first argument is <see cref="Verb"/>, before anything else: it needs nothing else.
/// </remarks>
public static class ReaperProcess
{
    /// <summary>The hidden argument that makes the program a reaper.</summary>
    public const string Verb = "agent-reaper";

    private const int MaxLine = 32;

    /// <summary>Reads sessions until the input ends, then ends all of their processes and everything with the mark.</summary>
    /// <param name="arguments">What follows <see cref="Verb"/>: the mark's prefix.</param>
    /// <param name="input">Standard input.</param>
    /// <returns>The exit code: 0, or 2 when the arguments are not an agent's.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Stream input)
    {
        // A mark always ends with a slash; anything shorter could match a stranger's processes.
        if (arguments is not [{ Length: > 16 } mark] || !mark.EndsWith('/'))
        {
            await Console.Error.WriteLineAsync($"{Verb} is started by the build agent only.").ConfigureAwait(false);
            return 2;
        }

        using var hangUp = Ignore(PosixSignal.SIGHUP);
        using var interrupt = Ignore(PosixSignal.SIGINT);
        using var terminate = Ignore(PosixSignal.SIGTERM);
        using var quit = Ignore(PosixSignal.SIGQUIT);
        var sessions = new HashSet<int>();
        using var lines = new StreamReader(input, Encoding.ASCII, detectEncodingFromByteOrderMarks: false, bufferSize: 256);
        while (await lines.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            Apply(sessions, line);
        }

        await Extinction.OfAsync(() => ProcessTable.Find(sessions, mark), TimeSpan.Zero).ConfigureAwait(false);
        return 0;
    }

    private static PosixSignalRegistration Ignore(PosixSignal signal) =>
        PosixSignalRegistration.Create(signal, context => context.Cancel = true);

    private static void Apply(HashSet<int> sessions, string line)
    {
        if (line.Length is < 2 or > MaxLine
            || !int.TryParse(line.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var session)
            || session < 2)
        {
            return;
        }

        if (line[0] == '+')
        {
            sessions.Add(session);
        }
        else
        {
            sessions.Remove(session);
        }
    }
}
