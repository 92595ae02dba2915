using Control.Contracts.Agents;
using Control.Contracts.Workspaces;

namespace Control.Api.Workspaces;

/// <summary>All limits of a workspace; what is left out is not limited beyond the installation's own limit.</summary>
internal sealed record SetLimitsRequest(int? RunningRuns, int? QueuedRuns, long? LogBytes) : IRequestBody
{
    public WorkspaceLimits Limits => new(RunningRuns ?? 0, QueuedRuns ?? 0, LogBytes ?? 0);

    public IEnumerable<FieldError> Check()
    {
        if (RunningRuns is < 1 or > WorkspaceLimits.MostRunning)
        {
            yield return new FieldError("runningRuns", $"Must be a number from 1 to {WorkspaceLimits.MostRunning}; leave it out for no limit.");
        }

        if (QueuedRuns is < 1 or > WorkspaceLimits.MostQueued)
        {
            yield return new FieldError("queuedRuns", $"Must be a number from 1 to {WorkspaceLimits.MostQueued}; leave it out for {WorkspaceLimits.MostQueued}.");
        }
        else if (QueuedRuns is not null && RunningRuns is null)
        {
            yield return new FieldError("queuedRuns", "Only where runningRuns is limited do runs wait. Set that too, or leave this out.");
        }

        if (LogBytes is < WorkspaceLimits.LeastLog or > WorkspaceLimits.MostLog)
        {
            yield return new FieldError("logBytes", $"Must be a number from {WorkspaceLimits.LeastLog} to {WorkspaceLimits.MostLog}; leave it out for the installation's limit.");
        }
    }
}

/// <summary>Routes of what a workspace may use, and of holding its jobs.</summary>
internal static class LimitRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var one = api.MapGroup("/workspaces/{ws}").WithTags("Workspaces");
        one.MapPut("/limits", SetLimits).RequireAuthorization(Policies.Installation).Takes<SetLimitsRequest>()
            .Describe("setWorkspaceLimits", "Sets how many runs of a workspace run and wait, and how much its jobs may log");
        one.MapPut("/hold", Hold).RequireAuthorization(Policies.Admin).Takes<HoldRequest>()
            .Describe("holdWorkspace", "Gives no job of a workspace to an agent until it is resumed; what runs goes on");
        one.MapDelete("/hold", Resume).RequireAuthorization(Policies.Admin).Describe("resumeWorkspace", "Gives a workspace's jobs to agents again");
    }

    private static Task<Results<Versioned<WorkspaceView>, ProblemResult>> SetLimits(
        string ws, Body<SetLimitsRequest> body, Caller caller, IGrainFactory grains) =>
        Show(grains.GetGrain<IWorkspaceGrain>(ws).SetLimits(new SetLimits(body.Value.Limits, caller.Actor)));

    private static Task<Results<Versioned<WorkspaceView>, ProblemResult>> Hold(string ws, Body<HoldRequest> body, Caller caller, IGrainFactory grains) =>
        Show(grains.GetGrain<IWorkspaceGrain>(ws).Hold(new SetHold(true, body.Value.Reason ?? "", caller.Actor)));

    private static Task<Results<Versioned<WorkspaceView>, ProblemResult>> Resume(string ws, Caller caller, IGrainFactory grains) =>
        Show(grains.GetGrain<IWorkspaceGrain>(ws).Hold(new SetHold(false, "", caller.Actor)));

    private static async Task<Results<Versioned<WorkspaceView>, ProblemResult>> Show(Task<Outcome<WorkspaceView>> outcome) =>
        (await outcome).To(view => new Versioned<WorkspaceView>(view, view.Version));
}
