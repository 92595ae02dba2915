using Control.Contracts.Pipelines;
using Control.Contracts.Workspaces;

namespace Control.Cli.Client;

public sealed partial class ControlClient
{
    /// <summary>The workspaces this token sees.</summary>
    public Task<Answer<ItemPage<WorkspaceView>>> ListWorkspacesAsync(PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<WorkspaceView>("/workspaces", page, cancellationToken);

    /// <summary>One workspace.</summary>
    public Task<Answer<WorkspaceView>> GetWorkspaceAsync(string name, CancellationToken cancellationToken) =>
        GetAsync<WorkspaceView>(WorkspacePath(name), cancellationToken);

    /// <summary>Makes a workspace.</summary>
    public Task<Answer<WorkspaceView>> CreateWorkspaceAsync(string name, string description, CancellationToken cancellationToken) =>
        PostAsync<WorkspaceView>("/workspaces", new { name, description }, cancellationToken);

    /// <summary>Changes a workspace's description; with a version only when it is still at that one.</summary>
    public Task<Answer<WorkspaceView>> UpdateWorkspaceAsync(
        string name, string description, long? version, CancellationToken cancellationToken) =>
        AskAsync<WorkspaceView>(
            new ApiRequest(HttpMethod.Put, WorkspacePath(name), RequestBody.Json(new { description }), Tag(version)), cancellationToken);

    /// <summary>Deletes a workspace and its secrets; refused while it has pipelines.</summary>
    public Task DeleteWorkspaceAsync(string name, CancellationToken cancellationToken) =>
        DeleteAsync(WorkspacePath(name), null, cancellationToken);

    /// <summary>The secrets of a workspace, never their values.</summary>
    public Task<Answer<ItemPage<SecretView>>> ListSecretsAsync(string workspace, PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<SecretView>($"{WorkspacePath(workspace)}/secrets", page, cancellationToken);

    /// <summary>Sets a secret's value.</summary>
    public Task<Answer<SecretView>> SetSecretAsync(
        string workspace, string name, SecretKind kind, SecretValue value, CancellationToken cancellationToken) =>
        AskAsync<SecretView>(new ApiRequest(HttpMethod.Put, SecretPath(workspace, name), Body(kind, value)), cancellationToken);

    /// <summary>Removes a secret.</summary>
    public Task DeleteSecretAsync(string workspace, string name, CancellationToken cancellationToken) =>
        DeleteAsync(SecretPath(workspace, name), null, cancellationToken);

    /// <summary>The secrets of one pipeline, never their values.</summary>
    public Task<Answer<ItemPage<SecretView>>> ListSecretsAsync(PipelineId pipeline, PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<SecretView>($"{PipelinePath(pipeline)}/secrets", page, cancellationToken);

    /// <summary>Sets the value of a secret of one pipeline.</summary>
    public Task<Answer<SecretView>> SetSecretAsync(
        PipelineId pipeline, string name, SecretKind kind, SecretValue value, CancellationToken cancellationToken) =>
        AskAsync<SecretView>(new ApiRequest(HttpMethod.Put, SecretPath(pipeline, name), Body(kind, value)), cancellationToken);

    /// <summary>Removes a secret of one pipeline.</summary>
    public Task DeleteSecretAsync(PipelineId pipeline, string name, CancellationToken cancellationToken) =>
        DeleteAsync(SecretPath(pipeline, name), null, cancellationToken);

    private static RequestBody Body(SecretKind kind, SecretValue value) => RequestBody.Json(new { kind, value.Text, value.User, value.Password });

    private static string SecretPath(PipelineId pipeline, string name) => $"{PipelinePath(pipeline)}/secrets/{Escape(name)}";

    private static string WorkspacePath(string name) => $"/workspaces/{Escape(name)}";

    private static string SecretPath(string workspace, string name) => $"{WorkspacePath(workspace)}/secrets/{Escape(name)}";

    private static string? Tag(long? version) =>
        version is { } number ? string.Create(CultureInfo.InvariantCulture, $"\"{number}\"") : null;
}
