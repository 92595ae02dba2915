using Control.Cli.Client;
using Control.Cli.CommandLine;
using Control.Cli.Output;
using Control.Contracts.Events;
using Control.Contracts.Runs;

namespace Control.Cli.Runs;

/// <summary>Shows a run until it is over: as a tree drawn in place for a person, else as one line per change.</summary>
internal sealed class RunFollower(Call call, RunId id)
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);

    private readonly RunProgress _progress = new();
    private readonly LiveView _view = new(call.Output);

    /// <summary>Follows the run to its end.</summary>
    /// <returns>The exit code that tells the result.</returns>
    public async Task<int> FollowAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WatchAllAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            call.Output.Diagnostic($"Detached; the run goes on. Watch it again with: control run watch {id}");
            return ExitCodes.Interrupted;
        }

        var answer = await ResetAsync(cancellationToken);
        ShowEnd(answer);
        return CodeOf(answer.Value);
    }

    /// <summary>The exit code of a run's result; a run still going on counts as interrupted.</summary>
    public static int CodeOf(RunView run) => run.State switch
    {
        RunState.Succeeded => ExitCodes.Succeeded,
        RunState.Failed => ExitCodes.Failed,
        RunState.Cancelled => ExitCodes.Cancelled,
        _ => ExitCodes.Interrupted,
    };

    private async Task<Answer<RunView>> ResetAsync(CancellationToken cancellationToken)
    {
        var answer = await call.Client.GetRunAsync(id, cancellationToken);
        _progress.Reset(answer.Value, await call.Client.GetAttemptsAsync(id, cancellationToken));
        return answer;
    }

    private async Task WatchAllAsync(CancellationToken cancellationToken)
    {
        try
        {
            await WatchAsync(0, cancellationToken);
        }
        catch (ProblemException e) when (e.Problem.Status == 410 && RunReference.ParseNumber(e.Problem.State ?? "") is { } firstKept)
        {
            call.Output.Note("The run's first events are no longer kept; going on from its present state.");
            await ResetAsync(cancellationToken);
            await WatchAsync(firstKept - 1, cancellationToken);
        }
    }

    private async Task WatchAsync(long after, CancellationToken cancellationToken)
    {
        await using var events = call.Client.WatchRunAsync(id, after, cancellationToken).GetAsyncEnumerator(cancellationToken);
        var next = events.MoveNextAsync().AsTask();
        while (true)
        {
            // What has arrived already is taken in before drawing, so that a long history is drawn once.
            if (!next.IsCompleted)
            {
                Draw();
                await Task.WhenAny(next, Task.Delay(Tick, call.Services.Time, cancellationToken));
                if (cancellationToken.IsCancellationRequested)
                {
                    // The stream cannot be disposed in the middle of a step; the step ends by the same token.
                    await next;
                    cancellationToken.ThrowIfCancellationRequested();
                }
            }

            if (next.IsCompleted)
            {
                if (!await next)
                {
                    return;
                }

                Take(events.Current);
                next = events.MoveNextAsync().AsTask();
            }
        }
    }

    private void Take(EventView e)
    {
        if (_progress.Apply(e) is not { } line || !call.Output.IsText || call.Output.IsLive)
        {
            return;
        }

        call.Output.Text(line + "\n");
        if (e.Type == EventTypes.StageChanged && WaitingStage() is { } stage)
        {
            call.Output.Note(HowToDecide(stage));
        }
    }

    private void Draw()
    {
        if (call.Output.IsLive && _progress.Run is not null)
        {
            var hint = WaitingStage() is { } stage ? HowToDecide(stage) : null;
            _view.Draw([.. Tree(), .. hint is null ? Array.Empty<string>() : [hint]]);
        }
    }

    private void ShowEnd(Answer<RunView> answer)
    {
        if (call.Output.IsLive)
        {
            _view.Finish(Tree());
        }
        else if (!call.Output.IsText)
        {
            call.Output.Value(answer, _ => "");
        }
    }

    private IReadOnlyList<string> Tree() => RunTree.Render(_progress.Run!, _progress.Attempts, call.Now, call.Output.Color);

    private string? WaitingStage() => _progress.Run?.Stages.FirstOrDefault(stage => stage.State == StageState.Waiting)?.Name;

    private string HowToDecide(string stage) =>
        $"Decide with: control run approve {id} {Texts.Clean(stage)} -m COMMENT   (or: control run reject …)";
}
