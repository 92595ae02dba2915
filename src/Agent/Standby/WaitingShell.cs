using System.Diagnostics;
using System.Text;
using Control.Agent.Processes;
using Control.Agent.Users;

namespace Control.Agent.Standby;

/// <summary>
/// A shell in a session of its own, started ahead of the job whose first command it is to become: starting one costs several
/// programs, each of which becomes the next. It reads what to become on standard input; should the agent die, it reads the end
/// of it and ends.
/// </summary>
internal sealed class WaitingShell : IAsyncDisposable
{
    // A pipe holds as much on Linux, so writing it never waits for the shell.
    private const int MaxOrder = 60 * 1024;

    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(5);

    private readonly Reaper _reaper;

    private WaitingShell(Process process, Reaper reaper) => (Process, _reaper) = (process, reaper);

    /// <summary>The shell, and the job's command once it has become that.</summary>
    public Process Process { get; }

    /// <summary>Starts one that the reaper knows of.</summary>
    /// <param name="programs">For setsid, setpriv and sh.</param>
    /// <param name="reaper">Ends it should it not end by itself.</param>
    /// <param name="user">Whom it runs as; null for the agent's own user.</param>
    /// <param name="mark">Of no job.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It could not be started.</exception>
    public static WaitingShell Start(Programs programs, Reaper reaper, JobUser? user, string mark)
    {
        string[] arguments = [.. user?.Prefix(programs.SetPriv!) ?? [], programs.Sh];
        var start = new ProcessStartInfo(programs.SetSid, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = "/" };
        start.Environment.Clear();
        start.Environment[Mark.Variable] = Mark.Value(mark);
        var process = Process.Start(start)!;
        reaper.Watch(process.Id);
        return new WaitingShell(process, reaper);
    }

    /// <summary>What it has to read to become a command; null when it cannot become that one.</summary>
    /// <param name="command">The command.</param>
    /// <param name="mark">The job's.</param>
    public static byte[]? OrderOf(JobCommand command, string mark)
    {
        if (command.IsAgents || !command.Environment.Keys.All(PosixShell.IsPlain))
        {
            return null;
        }

        var order = Encoding.UTF8.GetBytes(PosixShell.Become(command, mark));
        return order.Length <= MaxOrder ? order : null;
    }

    /// <summary>Ends it, when it has not become anything.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            Process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It is gone already.
        }

        using var limit = new CancellationTokenSource(EndsWithin, TimeProvider.System);
        await Process.WaitForExitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _reaper.Unwatch(Process.Id);
        Process.Dispose();
    }
}
