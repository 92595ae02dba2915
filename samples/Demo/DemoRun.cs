using System.Globalization;
using Control.Cli.Runs;
using Control.Contracts;
using Control.Contracts.Events;
using Control.Contracts.Runs;

namespace Control.Demo;

/// <summary>Starts the sample's run, follows it, approves its gate, and looks whether it did what it should.</summary>
internal sealed class DemoRun(DemoStage stage, TextWriter output)
{
    private const string Version = "1.2.0";
    private readonly long _started = TimeProvider.System.GetTimestamp();

    /// <summary>Returns the exit code: 0 only when everything came out as expected.</summary>
    public async Task<int> PlayAsync(CancellationToken cancellationToken)
    {
        output.WriteLine($"demo: server on {stage.Address}, repository {stage.RepositoryUrl} at {stage.Commit[..8]}");
        var parameters = new Dictionary<string, string> { ["VERSION"] = Version };
        var run = (await stage.Client.StartRunAsync(DemoStage.Pipeline, parameters, null, cancellationToken)).Value.Id;
        await foreach (var item in stage.Client.WatchRunAsync(run, 0, cancellationToken))
        {
            await Show(run, item, cancellationToken);
        }

        return await Judge(run, cancellationToken);
    }

    private async Task Show(RunId run, EventView item, CancellationToken cancellationToken)
    {
        if (item.Type != EventTypes.StageChanged || ContractJson.Read<StageView>(item.Data) is not { State: not StageState.Running } changed)
        {
            return;
        }

        output.WriteLine();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"[{Elapsed:0.0} s] stage {changed.Name}: {changed.State}"));
        await Draw(run, cancellationToken);
        if (changed.State == StageState.Waiting)
        {
            output.WriteLine($"demo: approving '{changed.Name}' through the API");
            var decision = new Dictionary<string, string> { ["CHANNEL"] = "stable" };
            await stage.Client.ApproveAsync(run, changed.Name, "The demo says yes", decision, cancellationToken);
        }
    }

    private async Task Draw(RunId run, CancellationToken cancellationToken)
    {
        var view = (await stage.Client.GetRunAsync(run, cancellationToken)).Value;
        var attempts = await stage.Client.GetAttemptsAsync(run, cancellationToken);
        foreach (var line in RunTree.Render(view, attempts, TimeProvider.System.GetUtcNow()))
        {
            output.WriteLine($"  {line}");
        }
    }

    private async Task<int> Judge(RunId run, CancellationToken cancellationToken)
    {
        var view = (await stage.Client.GetRunAsync(run, cancellationToken)).Value;
        output.WriteLine();
        await Draw(run, cancellationToken);
        var tagged = await stage.FindTag($"v{Version}");
        var expected = view.State == RunState.Succeeded && view.Commit == stage.Commit && tagged == stage.Commit;
        if (!expected)
        {
            await ShowLogs(run, cancellationToken);
            output.WriteLine($"demo: run {run.Number} {view.State} (commit {view.Commit}, tag v{Version} at {tagged ?? "nothing"}), which was not expected");
            return 1;
        }

        output.WriteLine($"demo: the repository has tag v{Version} at {tagged![..8]}");
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"demo: run {run.Number} succeeded in {(view.FinishedAt - view.CreatedAt)?.TotalSeconds:0.0} s"));
        return 0;
    }

    private async Task ShowLogs(RunId run, CancellationToken cancellationToken)
    {
        foreach (var attempt in await stage.Client.GetAttemptsAsync(run, cancellationToken))
        {
            output.WriteLine($"--- {attempt.Id.LocalKey}");
            await foreach (var chunk in stage.Client.ReadLogAsync(attempt.Id, 0, cancellationToken))
            {
                output.Write(System.Text.Encoding.UTF8.GetString(chunk.Bytes.Span));
            }
        }
    }

    private double Elapsed => TimeProvider.System.GetElapsedTime(_started).TotalSeconds;
}
