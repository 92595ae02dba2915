using System.ComponentModel;
using System.Diagnostics;
using System.IO.Pipes;
using Control.Agent.Limits;
using Control.Agent.Standby;
using Control.Agent.Users;
using Control.Contracts.Runs;

namespace Control.Agent.Processes;

/// <summary>What to run: a program by absolute path, its arguments, its whole environment.</summary>
/// <param name="Program">Absolute path.</param>
/// <param name="Arguments">Passed as they are, never through a shell.</param>
/// <param name="Folder">Working directory; must exist.</param>
/// <param name="Environment">All of it: nothing is inherited from the agent.</param>
/// <param name="IsAgents">It runs as the agent's user, not the job's: for the agent's own work alone.</param>
internal sealed record JobCommand(string Program, IReadOnlyList<string> Arguments, string Folder, IReadOnlyDictionary<string, string> Environment, bool IsAgents = false);

/// <summary>Takes a piece of a command's output; it must be quick.</summary>
internal delegate void OutputSink(ReadOnlySpan<byte> bytes);

/// <summary>
/// All processes of one job. Each command runs in a session of its own, and as the job's user when it has one: <c>setsid</c>
/// becomes <c>setpriv</c> becomes <c>sh</c> becomes the command without a fork in between, so the process id .NET knows is the session's id too. The <c>sh</c> in the middle waits for a
/// line on standard input, which it gets only after the reaper was told of the session: when the agent dies before, it reads
/// the end of its input and nothing of the job ever runs. It also joins standard error to standard output, so the order in
/// which a command wrote is kept, and gives the command an empty standard input.
/// </summary>
internal sealed class JobProcesses
{
    // A constant: the command and its arguments come in as positional parameters.
    // A core dump of the command would put its memory, secrets and all, into a file.
    private const string Gate = "read -r go && [ \"$go\" = go ] && ulimit -c 0 && exec \"$0\" \"$@\" </dev/null 2>&1";

    private static readonly byte[] Go = "go\n"u8.ToArray();

    // How long a command that ended may keep the next one waiting for its last output, when background processes hold the pipe.
    private static readonly TimeSpan LastOutput = TimeSpan.FromMilliseconds(200);

    // How long all output may take to be read once nothing of the job is left to write any: much, on a machine that is busy.
    private static readonly TimeSpan AllOutput = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly HashSet<int> _sessions = [];
    private readonly List<(Process Process, Task Output)> _started = [];
    private readonly Programs _programs;
    private readonly Reaper _reaper;
    private readonly string _mark;
    private readonly JobUser? _user;
    private readonly JobLimits? _limits;
    private WaitingShell? _waiting;
    private Action? _begun;

    /// <summary>No processes yet.</summary>
    /// <param name="programs">For setsid and sh.</param>
    /// <param name="reaper">Told of each session before anything runs in it.</param>
    /// <param name="mark">The job's mark, put into every command's environment.</param>
    /// <param name="user">Whom the commands run as; null for the agent's own user.</param>
    /// <param name="limits">What holds them, the agent's own commands aside; null for nothing.</param>
    /// <param name="waiting">The user's, for the first command that it can become.</param>
    /// <param name="begun">Called once the first command is on its way.</param>
    public JobProcesses(
        Programs programs, Reaper reaper, string mark, JobUser? user, JobLimits? limits = null, WaitingShell? waiting = null, Action? begun = null)
    {
        (_programs, _reaper, _mark, _user, _limits, _waiting, _begun) = (programs, reaper, mark, user, limits, waiting, begun);
        if (user is not null)
        {
            reaper.Watch(user);
        }
    }

    /// <summary>
    /// Runs a command until the process that leads it ends; what it left in the background goes on, and goes on writing to
    /// the sink, until <see cref="EndAsync"/>. Cancelled, it returns at once: ending the processes is the caller's next call.
    /// </summary>
    /// <remarks>Several may run at a time.</remarks>
    /// <returns>The exit code; 128 + n for a process ended by signal n.</returns>
    /// <exception cref="IOException">It could not be started; the message says why.</exception>
    public async Task<int> RunAsync(JobCommand command, OutputSink sink, CancellationToken cancellationToken)
    {
        var (process, order) = Start(command);
        if (_user is not null && process.StandardOutput.BaseStream is PipeStream pipe)
        {
            // Or the job could not open /dev/stdout and /dev/stderr, which scripts do.
            Libc.TryGive(pipe.SafePipeHandle, _user.Id);
        }

        var output = CopyAsync(process.StandardOutput.BaseStream, sink);
        lock (_gate)
        {
            _started.Add((process, output));
        }

        Open(process, order, command.IsAgents);
        Interlocked.Exchange(ref _begun, null)?.Invoke();
        await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
        await WaitAsync(output, LastOutput).ConfigureAwait(false);
        if (!ProcessTable.HasSession(process.Id))
        {
            GiveUp([process.Id]);
        }

        var code = process.ExitCode;
        LetGo(process, output);
        return code;
    }

    /// <summary>
    /// Ends everything of the job, see <see cref="Extinction"/>, and returns once nothing is left and all output is in its sink.
    /// </summary>
    /// <returns>What was found alive, and what it took.</returns>
    public async Task<CleanupView> EndAsync(TimeSpan grace)
    {
        await (_waiting?.DisposeAsync() ?? ValueTask.CompletedTask).ConfigureAwait(false);
        var cleanup = await Extinction.OfAsync(Look, grace, _limits?.Group is { } group ? group.Kill : null).ConfigureAwait(false);
        GiveUp(Sessions());
        foreach (var (process, output) in Started())
        {
            // A stranger that got hold of the pipe may keep it open; closing our end is enough for us.
            await WaitAsync(output, AllOutput).ConfigureAwait(false);
            process.Dispose();
        }

        lock (_gate)
        {
            _started.Clear();
        }

        if (_user is not null)
        {
            _reaper.Unwatch(_user);
        }

        return cleanup;
    }

    // A command is known as a process before it has its session. A user of its own makes the job's mark, which is slow to
    // look for and which a process can wipe, superfluous.
    private Sighting Look()
    {
        var sighting = _user is null ? ProcessTable.Find(Sessions(), _mark, []) : ProcessTable.Find(Sessions(), null, [_user.Id]);
        var leaders = Started().Where(started => !started.Process.HasExited).Select(started => started.Process.Id);
        var grouped = _limits?.Group?.Processes().Except(sighting.Found).Where(process => ProcessTable.IsAlive(process)).ToList() ?? [];
        return sighting with { Found = [.. sighting.Found.Union(leaders).Union(grouped)], Escaped = [.. sighting.Escaped, .. grouped.Except(leaders)] };
    }

    private static async Task WaitAsync(Task output, TimeSpan limit)
    {
        using var stop = new CancellationTokenSource();
        await Task.WhenAny(output, Task.Delay(limit, TimeProvider.System, stop.Token)).ConfigureAwait(false);
        await stop.CancelAsync().ConfigureAwait(false);
    }

    private static async Task CopyAsync(Stream output, OutputSink sink)
    {
        var buffer = new byte[32 * 1024];
        try
        {
            for (int read; (read = await output.ReadAsync(buffer).ConfigureAwait(false)) > 0;)
            {
                sink(buffer.AsSpan(0, read));
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // Our end was closed.
        }
    }

    // A process that runs nothing of the job yet, and what it waits to read. Limits that are set on the way to a command are not
    // on the shell that waits.
    private (Process Process, byte[] Order) Start(JobCommand command)
    {
        if (_waiting is { } shell && _limits is null or { Prefix.Count: 0 } && WaitingShell.OrderOf(command, Mark.Value(_mark)) is { } order)
        {
            _waiting = null;
            return (shell.Process, order);
        }

        return (StartOrThrow(Describe(command)), Go);
    }

    private ProcessStartInfo Describe(JobCommand command)
    {
        var start = new ProcessStartInfo(_programs.SetSid)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = command.Folder,
        };
        var prefix = _user is null || command.IsAgents ? [] : _user.Prefix(_programs.SetPriv!);
        var limits = command.IsAgents ? [] : _limits?.Prefix ?? [];
        foreach (var argument in (string[])[.. prefix, .. limits, _programs.Sh, "-c", Gate, command.Program, .. command.Arguments])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Clear();
        foreach (var (name, value) in command.Environment)
        {
            start.Environment[name] = value;
        }

        start.Environment[Mark.Variable] = Mark.Value(_mark);
        return start;
    }

    private static Process StartOrThrow(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            // Too many processes, an environment beyond the system's limit, a folder that is gone.
            throw new IOException($"The process could not be started: {e.Message}", e);
        }
    }

    private void Open(Process process, byte[] order, bool isAgents)
    {
        lock (_gate)
        {
            _sessions.Add(process.Id);
        }

        _reaper.Watch(process.Id);
        try
        {
            if (!isAgents)
            {
                // It waits at the gate: nothing of the job runs yet.
                _limits?.Group?.Add(process.Id);
            }

            process.StandardInput.BaseStream.Write(order);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // Ended already, as by a cancellation that was quicker; its exit code tells.
        }
    }

    private List<(Process Process, Task Output)> Started()
    {
        lock (_gate)
        {
            return [.. _started];
        }
    }

    // A job may have thousands of commands, such as looks whether a service is ready: each has a pipe.
    private void LetGo(Process process, Task output)
    {
        lock (_gate)
        {
            if (output.IsCompleted && !_sessions.Contains(process.Id) && _started.Remove((process, output)))
            {
                process.Dispose();
            }
        }
    }

    private HashSet<int> Sessions()
    {
        lock (_gate)
        {
            return [.. _sessions];
        }
    }

    private void GiveUp(IEnumerable<int> sessions)
    {
        foreach (var session in sessions)
        {
            lock (_gate)
            {
                _sessions.Remove(session);
            }

            _reaper.Unwatch(session);
        }
    }
}
