using System.Globalization;
using Control.TestKit.Processes;

namespace Control.Chaos.Sites;

/// <summary>A node or an agent: a process that is started again whenever it has ended, as a service manager does.</summary>
internal sealed class Part : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(60);

    private readonly Func<ControlProcess> _start;
    private readonly string _ready;
    private readonly string _log;
    private readonly TextWriter _output;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _served = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ControlProcess? _process;
    private Task _keeping = Task.CompletedTask;
    private TimeSpan? _down;

    /// <summary>Does nothing before <see cref="StartAsync"/>.</summary>
    /// <param name="name">For people, and of its log file.</param>
    /// <param name="ready">What it prints once it serves.</param>
    /// <param name="start">Starts the process.</param>
    /// <param name="logs">Folder of log files.</param>
    /// <param name="output">Told when it ends by itself.</param>
    public Part(string name, string ready, Func<ControlProcess> start, string logs, TextWriter output)
    {
        (Name, _ready, _start, _output) = (name, ready, start, output);
        _log = Path.Combine(logs, name + ".log");
    }

    /// <summary>For people.</summary>
    public string Name { get; }

    /// <summary>Whether it runs, is not paused and has said that it serves.</summary>
    public bool IsServing { get; private set; }

    /// <summary>What it printed on being started; null before that.</summary>
    public string? Output => _process?.Output;

    /// <summary>Starts it and keeps it; returns once it serves for the first time.</summary>
    /// <exception cref="InvalidOperationException">It ended, or said nothing for two minutes.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _keeping = KeepAsync();
        try
        {
            await Task.WhenAny(_served.Task, _keeping).Unwrap().WaitAsync(StartLimit, TimeProvider.System, cancellationToken);
        }
        catch (TimeoutException)
        {
            // As one that ended.
        }

        if (!IsServing) throw new InvalidOperationException($"{Name} does not start:\n{Output}");
    }

    /// <summary>kill -9; it is started again after <paramref name="down"/>.</summary>
    public async Task KillAsync(TimeSpan down)
    {
        (_down, IsServing) = (down, false);
        await _process!.Kill();
    }

    /// <summary>SIGSTOP, and SIGCONT after <paramref name="length"/>.</summary>
    public async Task PauseAsync(TimeSpan length, CancellationToken cancellationToken)
    {
        var process = _process!;
        var served = IsServing;
        (_down, IsServing) = (TimeSpan.Zero, false);
        await process.Pause();
        await Task.Delay(length, TimeProvider.System, cancellationToken);
        // One that is not told of its own death before it goes on serves until it sees it.
        IsServing = served && process == _process;
        await process.Continue();
    }

    /// <summary>SIGTERM; it is started again <paramref name="down"/> after its end.</summary>
    public async Task DrainAsync(TimeSpan down)
    {
        var (process, began) = (_process!, TimeProvider.System.GetTimestamp());
        (_down, IsServing) = (down, false);
        var ended = process.Terminate();
        var isDone = await Task.WhenAny(ended, Task.Delay(DrainLimit, TimeProvider.System, _stop.Token)) == ended;
        var how = isDone ? $"ended in order with {await ended}" : "had not ended in order and was killed";
        var after = TimeProvider.System.GetElapsedTime(began).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        await _output.WriteLineAsync($"          {Name} {how} {after} s after SIGTERM");
        if (!isDone) await process.Kill();
    }

    /// <summary>Copies what it and those before it printed.</summary>
    public async Task KeepLogAsync(string path)
    {
        var before = File.Exists(_log) ? await File.ReadAllTextAsync(_log) : "";
        await File.WriteAllTextAsync(path, before + Output);
    }

    /// <summary>Kills it for good.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_process is { } process) await process.DisposeAsync();
        await _keeping;
        _stop.Dispose();
    }

    private async Task KeepAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await using var process = _process = _start();
            await ServeAsync(process);
            var expected = _down;
            (_down, IsServing) = (null, false);
            // One that cannot start at all is not tried again: whoever waits for it is told.
            if (_served.TrySetResult()) return;
            await File.AppendAllTextAsync(_log, $"{await process.AllOutput()}--- ended at {Now}\n");
            if (_stop.IsCancellationRequested) return;
            if (expected is null) await _output.WriteLineAsync($"          {Name} ended by itself with {await process.Exit()}: {LastLine(process)}");
            await Task.Delay(expected ?? Pause, TimeProvider.System, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ServeAsync(ControlProcess process)
    {
        await File.AppendAllTextAsync(_log, $"--- {process.Id} started at {Now}\n");
        try
        {
            await process.Line(_ready);
            IsServing = true;
            _served.TrySetResult();
        }
        catch (InvalidOperationException)
        {
            // It could not start; the next one may.
        }

        await process.Ended;
    }

    private static string LastLine(ControlProcess process) => process.Output.TrimEnd().Split('\n')[^1];

    private static string Now => TimeProvider.System.GetUtcNow().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);
}
