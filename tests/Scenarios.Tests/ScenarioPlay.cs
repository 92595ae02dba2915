using System.Text;
using Control.Cli.Client;
using Control.Contracts;
using Control.Contracts.Events;
using Control.Contracts.Pipelines;
using Control.Contracts.Retention;
using Control.Contracts.Runs;
using Control.Contracts.Workspaces;
using Control.TestKit;

namespace Control.Scenarios.Tests;

/// <summary>Plays one scenario: sets it up, starts its run, follows it and does what a person would.</summary>
internal sealed class ScenarioPlay(ScenarioServer server, string name, string definition, Scenario scenario, CancellationToken cancellationToken)
{
    private readonly ControlClient _client = server.Client;
    private readonly PipelineId _pipeline = new(name, "scenario");
    private readonly Queue<Act> _actions = new(scenario.Actions);

    /// <summary>Makes the workspace, the pipeline and their secrets.</summary>
    public async Task SetUp()
    {
        await _client.CreateWorkspaceAsync(name, scenario.About, cancellationToken);
        if (scenario.Limits is { } limits)
        {
            await _client.SetLimitsAsync(name, new WorkspaceLimits(limits.RunningRuns, limits.QueuedRuns, limits.LogBytes), cancellationToken);
        }

        foreach (var (secret, value) in scenario.Secrets)
        {
            await _client.SetSecretAsync(name, secret, value.Kind, new SecretValue(value.Text, value.User, value.Password), cancellationToken);
        }

        await _client.PutPipelineAsync(_pipeline, definition, null, createOnly: true, cancellationToken);
        foreach (var (secret, value) in scenario.PipelineSecrets)
        {
            await _client.SetSecretAsync(_pipeline, secret, value.Kind, new SecretValue(value.Text, value.User, value.Password), cancellationToken);
        }
    }

    public async Task<RunId> Start() =>
        (await _client.StartRunAsync(_pipeline, scenario.Start.Parameters, scenario.Start.Ref, cancellationToken)).Value.Id;

    /// <summary>Follows the run until it has ended and nothing is left to do; checks that no event is missing or repeated.</summary>
    /// <returns>What it went through.</returns>
    public async Task<Transitions> Follow(RunId run)
    {
        var transitions = new Transitions();
        long last = 0;
        do
        {
            await foreach (var item in _client.WatchRunAsync(run, last, cancellationToken))
            {
                Assert.Equal(last + 1, item.Sequence);
                last = item.Sequence;
                transitions.Add(ViewOf(item));
                await ActOn(run, item);
            }
        }
        while (await ActOnEnd(run));
        Assert.True(_actions.Count == 0, $"The moment of the action '{_actions.FirstOrDefault()?.Do}' never came.");
        return transitions;
    }

    private static object ViewOf(EventView item) => item.Type switch
    {
        EventTypes.RunCreated or EventTypes.RunChanged => ContractJson.Read<RunView>(item.Data),
        EventTypes.StageChanged or EventTypes.GateDecided => ContractJson.Read<StageView>(item.Data),
        EventTypes.AttemptChanged => ContractJson.Read<AttemptView>(item.Data),
        _ => item,
    };

    private async Task ActOn(RunId run, EventView item)
    {
        while (_actions.TryPeek(out var act) && await Matches(run, act.When, item))
        {
            await Do(run, _actions.Dequeue());
        }
    }

    // A run that has ended is retried only once its stream has: the stream of a retried run goes on after it.
    private async Task<bool> ActOnEnd(RunId run)
    {
        if (!_actions.TryPeek(out var act) || act.When.Run is not { } state)
        {
            return false;
        }

        Assert.Equal(state, (await _client.GetRunAsync(run, cancellationToken)).Value.State);
        await Do(run, _actions.Dequeue());
        return act is not { Do: Deed.Delete, Refused: null } && act.Pruned.Count == 0;
    }

    private async Task<bool> Matches(RunId run, Moment moment, EventView item) => item.Type switch
    {
        EventTypes.RunChanged => ContractJson.Read<RunView>(item.Data) is { FinishedAt: null } changed && changed.State == moment.Run,
        EventTypes.StageChanged => ContractJson.Read<StageView>(item.Data) is var stage
            && stage.Name == moment.Stage && stage.State == moment.StageState,
        EventTypes.AttemptChanged => ContractJson.Read<AttemptView>(item.Data) is var attempt
            && attempt.Id.LocalKey == moment.Attempt && attempt.State == moment.AttemptState
            && (moment.Log is null || await Logs(attempt.Id with { Run = run }, moment.Log)),
        _ => false,
    };

    private async Task<bool> Logs(AttemptId attempt, string text)
    {
        var log = new StringBuilder();
        await foreach (var chunk in _client.FollowLogAsync(attempt, 0, cancellationToken))
        {
            if (log.Append(Encoding.UTF8.GetString(chunk.Bytes.Span)).ToString().Contains(text, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private async Task Do(RunId run, Act act)
    {
        using var other = act.As is null ? null : await server.ClientOf(act.As, name, cancellationToken);
        var client = other ?? _client;
        Task deed = act.Do switch
        {
            Deed.Approve => client.ApproveAsync(run, act.Stage, act.Comment, act.Parameters, cancellationToken),
            Deed.Reject => client.RejectAsync(run, act.Stage, act.Comment, cancellationToken),
            Deed.Cancel => client.CancelRunAsync(run, act.Mode, cancellationToken),
            Deed.Retry => client.RetryRunAsync(run, cancellationToken),
            Deed.Start => StartOther(client, act),
            Deed.Rerun => client.RerunAsync(run, act.Stage.Length == 0 ? null : act.Stage, act.Parameters, act.Ref, cancellationToken),
            Deed.DeletePipeline => client.DeletePipelineAsync(_pipeline, cancellationToken),
            Deed.Delete => client.DeleteRunAsync(run, cancellationToken),
            Deed.Keep => client.KeepRunAsync(run, act.Comment, cancellationToken),
            Deed.Unkeep => client.UnkeepRunAsync(run, cancellationToken),
            Deed.Prune => Prune(client, act.Prune!),
            _ => throw new InvalidOperationException("The action has nothing to do."),
        };
        if (act.Refused is null)
        {
            await deed;
        }
        else
        {
            Verdict.Refusal(act.Refused, await Assert.ThrowsAsync<ProblemException>(() => deed));
        }

        if (act.Pruned.Count > 0) await UntilPruned(act.Pruned);
        if (act.Touch is not null) await File.WriteAllTextAsync(act.Touch, "", cancellationToken);
    }

    private async Task Prune(ControlClient client, Prune prune)
    {
        var policy = prune.Keep is { } keep ? new RetentionPolicy(keep, 0, prune.KeepSucceeded) : null;
        var result = (await client.PruneRunsAsync(_pipeline, policy, prune.DryRun, null, cancellationToken)).Value;
        Assert.Equal(prune.Runs, result.Runs.ToDictionary(run => $"{run.Run.Number}", run => run.Rule));
        Assert.Null(result.Next);
    }

    private async Task UntilPruned(IEnumerable<long> numbers)
    {
        var awaited = numbers.ToHashSet();
        await foreach (var item in _client.WatchRetentionAsync(_pipeline, 0, cancellationToken))
        {
            awaited.ExceptWith(ContractJson.Read<RunsPruned>(item.Data).Runs);
            if (awaited.Count == 0)
            {
                return;
            }
        }
    }

    // To its end.
    private async Task StartOther(ControlClient client, Act act)
    {
        var other = (await client.StartRunAsync(_pipeline, act.Parameters, act.Ref, cancellationToken)).Value.Id;
        if (act.Other is null && act.Until is null)
        {
            return;
        }

        await foreach (var item in client.WatchRunAsync(other, 0, cancellationToken))
        {
            if (act.Until is { } state && ViewOf(item) is RunView view && view.State == state)
            {
                return;
            }
        }

        var end = act.Other ?? throw new InvalidOperationException($"The other run ended without being {act.Until}.");
        var run = (await client.GetRunAsync(other, cancellationToken)).Value;
        Assert.Equal((end.State, end.Reason), (run.State, run.Reason));
    }
}
