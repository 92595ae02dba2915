using Control.Contracts.Groups;

namespace Control.Cli.Client;

public sealed partial class ControlClient
{
    /// <summary>The concurrency groups of a workspace that are in use.</summary>
    public Task<Answer<ItemPage<GroupView>>> ListGroupsAsync(string workspace, PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<GroupView>($"{WorkspacePath(workspace)}/groups", page, cancellationToken);

    /// <summary>One group; 404 when nobody uses it.</summary>
    public Task<Answer<GroupView>> GetGroupAsync(GroupId group, CancellationToken cancellationToken)
    {
        var path = $"{WorkspacePath(group.Workspace)}/groups/{Escape(group.Name)}";
        return GetAsync<GroupView>(group.Value.Length == 0 ? path : $"{path}?value={Escape(group.Value)}", cancellationToken);
    }
}
