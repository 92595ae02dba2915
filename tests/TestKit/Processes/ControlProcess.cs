using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Control.TestKit.Processes;

/// <summary>The built <c>control</c> program as a process of its own, to be killed.</summary>
internal sealed class ControlProcess : IAsyncDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "control");

    private readonly Lock _gate = new();
    private readonly StringBuilder _output = new();
    private readonly List<(string Text, TaskCompletionSource<string> Seen)> _awaited = [];
    private readonly Process _process;
    private readonly Task _reading;
    private bool _isDisposed;

    private ControlProcess(Process process)
    {
        _process = process;
        Id = process.Id;
        Ended = process.WaitForExitAsync();
        _reading = Task.WhenAll(Read(process.StandardOutput), Read(process.StandardError));
    }

    public int Id { get; }

    /// <summary>Everything it has printed so far.</summary>
    public string Output
    {
        get
        {
            lock (_gate)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Done once it has ended, however that came.</summary>
    public Task Ended { get; }

    /// <summary>
    /// Starts the program; <paramref name="home"/> is its home, by which everything it starts can be found, and
    /// <paramref name="redis"/> that of the cluster it joins.
    /// </summary>
    public static ControlProcess Start(string home, string? redis, params string[] arguments) =>
        Start(home, new Dictionary<string, string?> { ["CONTROL_REDIS"] = redis }, arguments);

    /// <summary>As the other, with further variables of its environment; null removes one.</summary>
    public static ControlProcess Start(string home, IReadOnlyDictionary<string, string?> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = home };
        start.Environment["HOME"] = home;
        start.Environment["XDG_CONFIG_HOME"] = home;
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return new ControlProcess(Process.Start(start)!);
    }

    /// <summary>The first line with a text; fails when the process ends without it.</summary>
    public Task<string> Line(string text)
    {
        lock (_gate)
        {
            if (_output.ToString().Split('\n').FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal)) is { } line)
            {
                return Task.FromResult(line);
            }

            var seen = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            _awaited.Add((text, seen));
            _ = _reading.ContinueWith(
                _ => seen.TrySetException(new InvalidOperationException($"The process ended without '{text}':\n{Output}")), TaskScheduler.Default);
            return seen.Task;
        }
    }

    /// <summary>SIGKILL; returns once it is gone.</summary>
    public async Task Kill()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM; returns the exit code.</summary>
    public async Task<int> Terminate()
    {
        await Signal("TERM");
        return await Exit();
    }

    /// <summary>SIGSTOP: it does nothing until <see cref="Continue"/>, and nobody who is connected to it is told.</summary>
    public Task Pause() => Signal("STOP");

    /// <summary>SIGCONT.</summary>
    public Task Continue() => Signal("CONT");

    /// <summary>Waits for the end by itself.</summary>
    public async Task<int> Exit()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    /// <summary>Everything it has printed, once it has ended.</summary>
    public async Task<string> AllOutput()
    {
        await _reading;
        return Output;
    }

    /// <summary>As <see cref="Kill"/>, if it still runs; may be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            await Kill();
            _process.Dispose();
        }
    }

    // Whoever has ended meanwhile is not told; its number may be another's.
    private async Task Signal(string name)
    {
        if (Ended.IsCompleted) return;
        using var kill = Process.Start("kill", [$"-{name}", Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    private async Task Read(StreamReader reader)
    {
        while (await reader.ReadLineAsync() is { } line)
        {
            lock (_gate)
            {
                _output.Append(line).Append('\n');
                foreach (var (_, seen) in _awaited.Where(awaited => line.Contains(awaited.Text, StringComparison.Ordinal)))
                {
                    seen.TrySetResult(line);
                }
            }
        }
    }
}
