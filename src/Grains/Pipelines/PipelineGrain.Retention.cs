using Control.Contracts.Workspaces;

namespace Control.Grains.Pipelines;

internal sealed partial class PipelineGrain
{
    public async Task<RetentionPolicy?> GetRetention() => Live is { } document ? document.Retention ?? await WorkspaceRetention() : null;

    private Task<RetentionPolicy?> WorkspaceRetention() => GrainFactory.GetGrain<IWorkspaceGrain>(Id.Workspace).GetRetention();

    // Armed before the commit, so that the policy is found whatever dies behind it. A pipeline that was not there may get one of
    // the workspace's.
    private async Task WithRetention(RetentionPolicy? next, Func<Task> commit)
    {
        if (Live is { } document ? document.Retention == next : next is null && await WorkspaceRetention() is null)
        {
            await commit();
            return;
        }

        var retention = GrainFactory.GetGrain<IRetentionGrain>(Id.ToString());
        await retention.Arm();
        await commit();
        await retention.Wake();
    }
}
