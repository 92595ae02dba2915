using System.Diagnostics;
using System.Text;
using Control.Agent.Users;

namespace Control.Agent.Processes;

/// <summary>
/// The agent's end of the reaper's pipe. A session or user is written to it before anything of a job runs in or as it; the write has
/// reached the kernel when <see cref="Watch(int)"/> returns, so it is read even if the agent is killed right after. A reaper that
/// died is replaced and told everything again.
/// </summary>
internal sealed class Reaper : IDisposable
{
    // It has nothing to do but to look through the processes once, when the agent has ended its jobs itself.
    private static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly HashSet<string> _watched = [];
    private readonly string _setSid;
    private readonly IReadOnlyList<string> _command;
    private Process? _process;

    /// <summary>Starts the reaper.</summary>
    /// <param name="programs">For setsid: the reaper must not get the signals of the agent's terminal.</param>
    /// <param name="command">The program and its arguments up to the mark.</param>
    /// <param name="mark">Prefix of the marks of everything this boot starts.</param>
    /// <param name="lockFile">Held by the reaper as long as it lives.</param>
    public Reaper(Programs programs, IReadOnlyList<string> command, string mark, string lockFile)
    {
        (_setSid, _command) = (programs.SetSid, [.. command, mark, lockFile]);
        lock (_gate)
        {
            _process = Start();
        }
    }

    /// <summary>From now on the session is ended when the agent dies.</summary>
    public void Watch(int session) => Watch(ReaperProcess.Name(session));

    /// <summary>From now on everything that runs as the user is ended when the agent dies.</summary>
    public void Watch(JobUser user) => Watch(ReaperProcess.Name(user));

    /// <summary>The session is empty: its number may be given to a stranger.</summary>
    public void Unwatch(int session) => Unwatch(ReaperProcess.Name(session));

    /// <summary>Nothing runs as the user any more.</summary>
    public void Unwatch(JobUser user) => Unwatch(ReaperProcess.Name(user));

    /// <summary>Ends the input, which makes the reaper end what is left and then itself, and waits for that.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            EndInput();
            // One that has only just been started would take its lock after the agent is gone, in a folder that may be too.
            _process?.WaitForExit(EndsWithin);
            _process?.Dispose();
            _process = null;
        }
    }

    private void Watch(string name)
    {
        lock (_gate)
        {
            _watched.Add(name);
            Tell($"+{name}\n");
        }
    }

    private void Unwatch(string name)
    {
        lock (_gate)
        {
            if (_watched.Remove(name))
            {
                Tell($"-{name}\n");
            }
        }
    }

    private void Tell(string line)
    {
        try
        {
            if (_process is { HasExited: false })
            {
                Write(line);
                return;
            }
        }
        catch (IOException)
        {
            // It died between the look and the write.
        }

        Close();
        _process = Start();
        Write(string.Concat(_watched.Select(name => $"+{name}\n")));
    }

    private void Write(string text)
    {
        var input = _process!.StandardInput.BaseStream;
        input.Write(Encoding.ASCII.GetBytes(text));
        input.Flush();
    }

    private Process Start()
    {
        var start = new ProcessStartInfo(_setSid) { RedirectStandardInput = true, UseShellExecute = false, WorkingDirectory = "/" };
        foreach (var argument in _command)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private void Close()
    {
        EndInput();
        _process?.Dispose();
    }

    private void EndInput()
    {
        try
        {
            _process?.StandardInput.Dispose();
        }
        catch (IOException)
        {
            // The reaper is gone already; the pipe has nothing to flush to.
        }
    }
}
