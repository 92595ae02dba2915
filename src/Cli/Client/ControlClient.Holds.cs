using Control.Contracts.Agents;
using Control.Contracts.Workspaces;

namespace Control.Cli.Client;

public sealed partial class ControlClient
{
    /// <summary>Sets all limits of a workspace; 0 for none.</summary>
    public Task<Answer<WorkspaceView>> SetLimitsAsync(string workspace, WorkspaceLimits limits, CancellationToken cancellationToken)
    {
        var body = RequestBody.Json(new
        {
            runningRuns = limits.RunningRuns > 0 ? limits.RunningRuns : (int?)null,
            queuedRuns = limits.QueuedRuns > 0 ? limits.QueuedRuns : (int?)null,
            logBytes = limits.LogBytes > 0 ? limits.LogBytes : (long?)null,
        });
        return AskAsync<WorkspaceView>(new ApiRequest(HttpMethod.Put, $"{WorkspacePath(workspace)}/limits", body), cancellationToken);
    }

    /// <summary>Gives no job of a workspace to an agent until it is resumed.</summary>
    public Task<Answer<WorkspaceView>> HoldWorkspaceAsync(string workspace, string reason, CancellationToken cancellationToken) =>
        AskAsync<WorkspaceView>(new ApiRequest(HttpMethod.Put, $"{WorkspacePath(workspace)}/hold", RequestBody.Json(new { reason })), cancellationToken);

    /// <summary>Gives a workspace's jobs to agents again.</summary>
    public Task<Answer<WorkspaceView>> ResumeWorkspaceAsync(string workspace, CancellationToken cancellationToken) =>
        AskAsync<WorkspaceView>(new ApiRequest(HttpMethod.Delete, $"{WorkspacePath(workspace)}/hold"), cancellationToken);

    /// <summary>The pools that are held.</summary>
    public Task<Answer<ItemPage<PoolView>>> ListPoolsAsync(PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<PoolView>("/pools", page, cancellationToken);

    /// <summary>Gives no job with exactly these labels to an agent until the pool is resumed.</summary>
    public Task<Answer<PoolView>> HoldPoolAsync(string labels, string reason, CancellationToken cancellationToken) =>
        AskAsync<PoolView>(new ApiRequest(HttpMethod.Put, $"/pools/{Escape(labels)}/hold", RequestBody.Json(new { reason })), cancellationToken);

    /// <summary>Gives a pool's jobs to agents again.</summary>
    public Task<Answer<PoolView>> ResumePoolAsync(string labels, CancellationToken cancellationToken) =>
        AskAsync<PoolView>(new ApiRequest(HttpMethod.Delete, $"/pools/{Escape(labels)}/hold"), cancellationToken);
}
