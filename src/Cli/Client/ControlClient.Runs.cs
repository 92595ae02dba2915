using System.Runtime.CompilerServices;
using System.Text.Json;
using Control.Contracts;
using Control.Contracts.Access;
using Control.Contracts.Events;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Cli.Client;

public sealed partial class ControlClient
{
    /// <summary>The runs of a pipeline, newest first.</summary>
    public Task<Answer<ItemPage<RunView>>> ListRunsAsync(PipelineId pipeline, PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<RunView>($"{PipelinePath(pipeline)}/runs", page, cancellationToken);

    /// <summary>The runs of a workspace, newest first.</summary>
    public Task<Answer<ItemPage<RunView>>> ListRunsAsync(string workspace, PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<RunView>($"{WorkspacePath(workspace)}/runs", page, cancellationToken);

    /// <summary>Deletes a run that has ended, with its logs.</summary>
    public Task DeleteRunAsync(RunId run, CancellationToken cancellationToken) => DeleteAsync(RunPath(run), null, cancellationToken);

    /// <summary>Starts a run.</summary>
    public Task<Answer<RunView>> StartRunAsync(
        PipelineId pipeline, IReadOnlyDictionary<string, string> parameters, string? @ref, CancellationToken cancellationToken) =>
        PostAsync<RunView>($"{PipelinePath(pipeline)}/runs", new { parameters, @ref }, cancellationToken);

    /// <summary>One run.</summary>
    public Task<Answer<RunView>> GetRunAsync(RunId run, CancellationToken cancellationToken) =>
        GetAsync<RunView>(RunPath(run), cancellationToken);

    /// <summary>The attempts of a run, a page of them.</summary>
    public Task<Answer<ItemPage<AttemptView>>> ListAttemptsAsync(RunId run, PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<AttemptView>($"{RunPath(run)}/attempts", page, cancellationToken);

    /// <summary>All attempts of a run.</summary>
    public async Task<IReadOnlyList<AttemptView>> GetAttemptsAsync(RunId run, CancellationToken cancellationToken)
    {
        var attempts = new List<AttemptView>();
        var page = PageQuery.All;
        do
        {
            var answer = await ListAttemptsAsync(run, page, cancellationToken);
            attempts.AddRange(answer.Value.Items);
            page = page with { Cursor = answer.Value.NextCursor };
        }
        while (page.Cursor is not null);
        return attempts;
    }

    /// <summary>Cancels a run.</summary>
    public Task<Answer<RunView>> CancelRunAsync(RunId run, CancelMode mode, CancellationToken cancellationToken) =>
        PostAsync<RunView>($"{RunPath(run)}/cancel", new { mode }, cancellationToken);

    /// <summary>Runs the jobs again that did not succeed.</summary>
    public Task<Answer<RunView>> RetryRunAsync(RunId run, CancellationToken cancellationToken) =>
        PostAsync<RunView>($"{RunPath(run)}/retry", new { }, cancellationToken);

    /// <summary>Runs an ended run again: from a stage on, or all of it.</summary>
    public Task<Answer<RunView>> RerunAsync(
        RunId run, string? stage, IReadOnlyDictionary<string, string> parameters, string? @ref, CancellationToken cancellationToken) =>
        PostAsync<RunView>($"{RunPath(run)}/rerun", new { stage, parameters, @ref }, cancellationToken);

    /// <summary>Approves the gate of a stage.</summary>
    public Task<Answer<RunView>> ApproveAsync(
        RunId run, string stage, string comment, IReadOnlyDictionary<string, string> parameters, CancellationToken cancellationToken) =>
        PostAsync<RunView>($"{RunPath(run)}/stages/{Escape(stage)}/approve", new { comment, parameters }, cancellationToken);

    /// <summary>Rejects the gate of a stage, which fails the run.</summary>
    public Task<Answer<RunView>> RejectAsync(RunId run, string stage, string comment, CancellationToken cancellationToken) =>
        PostAsync<RunView>($"{RunPath(run)}/stages/{Escape(stage)}/reject", new { comment }, cancellationToken);

    /// <summary>
    /// What happened to a run and what happens next, without gap or repeat across broken connections. Ends when the run
    /// is over. A <see cref="ProblemException"/> of status 410 means that events after <paramref name="after"/> are no
    /// longer kept: read the run itself and go on before the number in the problem's state, the first one kept.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="after">Sequence of the last event already known; 0 for all.</param>
    /// <param name="cancellationToken">Stops watching.</param>
    public async IAsyncEnumerable<EventView> WatchRunAsync(
        RunId run, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var item in WatchAsync($"{RunPath(run)}/events", after, cancellationToken))
        {
            yield return item;
        }
    }

    private async IAsyncEnumerable<EventView> WatchAsync(
        string path, long after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var lastId = after > 0 ? after.ToString(CultureInfo.InvariantCulture) : null;
        await foreach (var item in StreamAsync(path, lastId, cancellationToken))
        {
            var message = ContractJson.Read<EventMessage>(item.Data);
            if (message.Sequence <= after)
            {
                continue; // told twice by a server that does not resume
            }

            after = message.Sequence;
            yield return new EventView(message.Sequence, message.Type, message.At, message.By, message.Data.GetRawText());
        }
    }

    private static string RunPath(RunId run) =>
        string.Create(CultureInfo.InvariantCulture, $"{PipelinePath(run.Pipeline)}/runs/{run.Number}");

    /// <summary>An event as sent: its data is an object, not a text.</summary>
    private sealed record EventMessage(long Sequence, string Type, DateTimeOffset At, Actor By, JsonElement Data);
}
