using Control.Contracts.Events;
using Control.Contracts.Pipelines;
using Control.Contracts.Retention;
using Control.Contracts.Runs;
using Control.Contracts.Workspaces;

namespace Control.Cli.Client;

/// <summary>Which policy holds for a pipeline's ended runs.</summary>
/// <param name="Policy">The policy; null when every run is kept.</param>
/// <param name="Source">Whose it is: <c>pipeline</c> or <c>workspace</c>; null for nobody's.</param>
/// <param name="Deleted">Runs deleted so far.</param>
/// <param name="LastDeletedAt">When the last of them was.</param>
public sealed record RetentionInfo(RetentionPolicy? Policy, string? Source, long Deleted, DateTimeOffset? LastDeletedAt);

public sealed partial class ControlClient
{
    /// <summary>Sets the policy of a workspace's pipelines that have none of their own.</summary>
    public Task<Answer<WorkspaceView>> SetRetentionAsync(string workspace, RetentionPolicy policy, CancellationToken cancellationToken) =>
        AskAsync<WorkspaceView>(new ApiRequest(HttpMethod.Put, $"{WorkspacePath(workspace)}/retention", RequestBody.Json(Rules(policy))), cancellationToken);

    /// <summary>Takes that policy away: every run is kept.</summary>
    public Task<Answer<WorkspaceView>> UnsetRetentionAsync(string workspace, CancellationToken cancellationToken) =>
        AskAsync<WorkspaceView>(new ApiRequest(HttpMethod.Delete, $"{WorkspacePath(workspace)}/retention"), cancellationToken);

    /// <summary>Which policy holds for a pipeline, and what it has done.</summary>
    public Task<Answer<RetentionInfo>> GetRetentionAsync(PipelineId pipeline, CancellationToken cancellationToken) =>
        GetAsync<RetentionInfo>($"{PipelinePath(pipeline)}/retention", cancellationToken);

    /// <summary>Which runs of a pipeline retention deleted and deletes from now on; ends when the pipeline is deleted.</summary>
    /// <param name="pipeline">Whose runs.</param>
    /// <param name="after">Sequence of the last event already known; 0 for all.</param>
    /// <param name="cancellationToken">Stops watching.</param>
    public IAsyncEnumerable<EventView> WatchRetentionAsync(PipelineId pipeline, long after, CancellationToken cancellationToken) =>
        WatchAsync($"{PipelinePath(pipeline)}/retention/events", after, cancellationToken);

    /// <summary>Deletes a page of the ended runs that a policy does not keep, or tells which these are.</summary>
    /// <param name="pipeline">Whose runs.</param>
    /// <param name="policy">The policy; null for the one in force.</param>
    /// <param name="dryRun">Only tells.</param>
    /// <param name="from">The next of the page before; null for the first page.</param>
    /// <param name="cancellationToken">Gives up waiting; runs may be deleted all the same.</param>
    public Task<Answer<PruneResult>> PruneRunsAsync(
        PipelineId pipeline, RetentionPolicy? policy, bool dryRun, long? from, CancellationToken cancellationToken)
    {
        var rules = policy is null ? new PruneBody(null, null, null) : Rules(policy);
        return PostAsync<PruneResult>($"{PipelinePath(pipeline)}/runs/prune", rules with { DryRun = dryRun, From = from }, cancellationToken);
    }

    /// <summary>Keeps a run, whatever the policy says.</summary>
    public Task<Answer<RunView>> KeepRunAsync(RunId run, string reason, CancellationToken cancellationToken) =>
        AskAsync<RunView>(new ApiRequest(HttpMethod.Put, $"{RunPath(run)}/keep", RequestBody.Json(new { reason })), cancellationToken);

    /// <summary>Leaves a run to the policy again.</summary>
    public Task<Answer<RunView>> UnkeepRunAsync(RunId run, CancellationToken cancellationToken) =>
        AskAsync<RunView>(new ApiRequest(HttpMethod.Delete, $"{RunPath(run)}/keep"), cancellationToken);

    private static PruneBody Rules(RetentionPolicy policy) => new(
        policy.Keep > 0 ? policy.Keep : null, policy.AgeSeconds > 0 ? policy.AgeSeconds : null, policy.KeepSucceeded);

    private sealed record PruneBody(int? Keep, int? AgeSeconds, int? KeepSucceeded, bool? DryRun = null, long? From = null);
}
