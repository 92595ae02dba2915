using System.Collections.Concurrent;
using Control.Cli.CommandLine;
using Control.Contracts.Events;
using Control.Contracts.Runs;

namespace Control.Cli.Runs.Local;

/// <summary>Prints a run without a server: a line per change, the jobs' logs behind their names as they come, at the end the tree.</summary>
internal sealed class LocalProgress(Call call)
{
    private readonly Lock _gate = new();
    private readonly RunProgress _progress = new();
    private readonly ConcurrentDictionary<AttemptId, LineWriter> _logs = [];

    /// <summary>Shows a change.</summary>
    public void Show(EventView item)
    {
        lock (_gate)
        {
            if (_progress.Apply(item) is { } line && call.Output.IsText)
            {
                call.Output.Text(line + "\n");
            }
        }
    }

    /// <summary>Shows a piece of log; nothing of it in machine formats, whose one document comes at the end.</summary>
    public void Show(AttemptId attempt, ReadOnlySpan<byte> bytes)
    {
        if (call.Output.IsText)
        {
            _logs.GetOrAdd(attempt, id => new LineWriter(call.Output, $"{(id.Number > 1 ? $"{id.Job}/{id.Number}" : $"{id.Job}")} | ", _gate)).Write(bytes);
        }
    }

    /// <summary>Shows how it ended, once all logs are in.</summary>
    public void End(LocalRun run)
    {
        foreach (var log in _logs.Values)
        {
            log.Flush();
        }

        var view = run.View;
        call.Output.Local(view, $"{string.Join('\n', RunTree.Render(view, run.Attempts, call.Now, call.Output.Color))}\n");
    }
}
