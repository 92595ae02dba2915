using Control.Contracts.Workspaces;
using Control.Storage;
using Control.Storage.Queries.Subjects;

namespace Control.Api.Workspaces;

/// <summary>Asks for a workspace.</summary>
internal sealed record CreateWorkspaceRequest(string? Name, string? Description) : IRequestBody
{
    public IEnumerable<FieldError> Check() =>
        Checks.Name("name", Name).Concat(Checks.Text("description", Description, WorkspaceRoutes.MaxDescription));
}

/// <summary>Changes a workspace.</summary>
internal sealed record UpdateWorkspaceRequest(string? Description) : IRequestBody
{
    public IEnumerable<FieldError> Check() => Checks.Text("description", Description, WorkspaceRoutes.MaxDescription);
}

/// <summary>Routes of workspaces.</summary>
internal static class WorkspaceRoutes
{
    /// <summary>Longest description, in characters.</summary>
    public const int MaxDescription = 1_000;

    public static void Map(IEndpointRouteBuilder api)
    {
        var all = api.MapGroup("/workspaces").WithTags("Workspaces");
        all.MapGet("", List).RequireAuthorization(Policies.Read).Describe("listWorkspaces", "Lists the workspaces that the token sees");
        all.MapPost("", Create).RequireAuthorization(Policies.Installation).Repeatable().Takes<CreateWorkspaceRequest>()
            .Describe("createWorkspace", "Makes a workspace");
        var one = all.MapGroup("/{ws}");
        one.MapGet("", Get).RequireAuthorization(Policies.Read).Describe("getWorkspace", "Shows a workspace");
        one.MapPut("", Update).RequireAuthorization(Policies.Admin).Takes<UpdateWorkspaceRequest>()
            .Describe("updateWorkspace", "Changes a workspace's description");
        one.MapDelete("", Delete).RequireAuthorization(Policies.Installation)
            .Describe("deleteWorkspace", "Deletes a workspace that has no pipelines, with its secrets");
    }

    private static async Task<Ok<Listing<WorkspaceView>>> List(
        [AsParameters] ListQuery query, Caller caller, SubjectQueries subjects, CancellationToken cancellationToken)
    {
        var filter = new SubjectFilter(SubjectKinds.Workspace, Workspaces: caller.Workspaces.IsEmpty ? null : caller.Workspaces);
        return (await subjects.ListAsync<WorkspaceView>(filter, query.Cursor, query.Size, newestFirst: false, cancellationToken)).Show();
    }

    private static async Task<Results<Created<WorkspaceView>, ProblemResult>> Create(
        Body<CreateWorkspaceRequest> body, Caller caller, IGrainFactory grains)
    {
        var name = body.Value.Name!;
        var outcome = await grains.GetGrain<IWorkspaceGrain>(name).Create(new CreateWorkspace(body.Value.Description ?? "", caller.Actor));
        return outcome.To(view => TypedResults.Created($"{ControlApi.Base}/workspaces/{name}", view));
    }

    private static async Task<Results<Versioned<WorkspaceView>, ProblemResult>> Get(
        string ws, SubjectQueries subjects, CancellationToken cancellationToken) =>
        await subjects.GetAsync<WorkspaceView>(SubjectKinds.Workspace, ws, cancellationToken) is { } row
            ? new Versioned<WorkspaceView>(row.View, row.View.Version)
            : new ProblemResult(Problem.NotFound($"Workspace {ws}"));

    private static async Task<Results<Versioned<WorkspaceView>, ProblemResult>> Update(
        string ws, Body<UpdateWorkspaceRequest> body, HttpRequest request, Caller caller, IGrainFactory grains)
    {
        var command = new UpdateWorkspace(body.Value.Description ?? "", ETags.IfMatch(request), caller.Actor);
        return (await grains.GetGrain<IWorkspaceGrain>(ws).Update(command)).To(view => new Versioned<WorkspaceView>(view, view.Version));
    }

    private static async Task<Results<NoContent, ProblemResult>> Delete(string ws, Caller caller, IGrainFactory grains) =>
        (await grains.GetGrain<IWorkspaceGrain>(ws).Delete(caller.Actor)).To(_ => TypedResults.NoContent());
}
