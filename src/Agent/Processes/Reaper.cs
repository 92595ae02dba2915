using System.Diagnostics;
using System.Text;

namespace Control.Agent.Processes;

/// <summary>
/// The agent's end of the reaper's pipe. A session is written to it before anything of a job runs in it; the write has
/// reached the kernel when <see cref="Watch"/> returns, so it is read even if the agent is killed right after. A reaper that
/// died is replaced and told everything again.
/// </summary>
internal sealed class Reaper : IDisposable
{
    private readonly Lock _gate = new();
    private readonly HashSet<int> _sessions = [];
    private readonly string _setSid;
    private readonly IReadOnlyList<string> _command;
    private readonly string _mark;
    private Process? _process;

    /// <summary>Starts the reaper.</summary>
    /// <param name="programs">For setsid: the reaper must not get the signals of the agent's terminal.</param>
    /// <param name="command">The program and its arguments up to the mark.</param>
    /// <param name="mark">Prefix of the marks of everything this boot starts.</param>
    public Reaper(Programs programs, IReadOnlyList<string> command, string mark)
    {
        (_setSid, _command, _mark) = (programs.SetSid, command, mark);
        lock (_gate)
        {
            _process = Start();
        }
    }

    /// <summary>From now on the session is ended when the agent dies.</summary>
    public void Watch(int session)
    {
        lock (_gate)
        {
            _sessions.Add(session);
            Tell($"+{session}\n");
        }
    }

    /// <summary>The session is empty: its number may be given to a stranger.</summary>
    public void Unwatch(int session)
    {
        lock (_gate)
        {
            if (_sessions.Remove(session))
            {
                Tell($"-{session}\n");
            }
        }
    }

    /// <summary>Ends the input, which makes the reaper end what is left and then itself.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            Close();
            _process = null;
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
        Write(string.Concat(_sessions.Select(session => $"+{session}\n")));
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
        foreach (var argument in _command.Append(_mark))
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }

    private void Close()
    {
        try
        {
            _process?.StandardInput.Dispose();
        }
        catch (IOException)
        {
            // The reaper is gone already; the pipe has nothing to flush to.
        }

        _process?.Dispose();
    }
}
