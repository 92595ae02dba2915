using Control.Contracts.Groups;
using Control.Contracts.Workspaces;
using Control.Storage;
using Control.Storage.Queries.Subjects;
using Microsoft.AspNetCore.Mvc;

namespace Control.Api.Groups;

/// <summary>Routes of concurrency groups: who has their places and who waits. Groups that nobody uses are not shown.</summary>
internal static class GroupRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var groups = api.MapGroup("/workspaces/{ws}/groups").WithTags("Groups").RequireAuthorization(Policies.Read);
        groups.MapGet("", List).Describe("listGroups", "Lists a workspace's concurrency groups that are in use");
        groups.MapGet("/{group}", Get).Describe("getGroup", "Shows who has places in a concurrency group and who waits for one");
    }

    private static async Task<Results<Ok<Listing<GroupView>>, ProblemResult>> List(
        string ws, [AsParameters] ListQuery query, SubjectQueries subjects, CancellationToken cancellationToken)
    {
        if (await subjects.GetAsync<WorkspaceView>(SubjectKinds.Workspace, ws, cancellationToken) is null)
        {
            return new ProblemResult(Problem.NotFound($"Workspace {ws}"));
        }

        var filter = new SubjectFilter(SubjectKinds.Group, ws);
        return (await subjects.ListAsync<GroupView>(filter, query.Cursor, query.Size, newestFirst: false, cancellationToken)).Show();
    }

    private static async Task<Results<Versioned<GroupView>, ProblemResult>> Get(
        string ws, string group, [FromQuery] string? value, SubjectQueries subjects, CancellationToken cancellationToken) =>
        GroupId.TryParse(new GroupId(ws, group, value ?? "").ToString(), null, out var id)
        && await subjects.GetAsync<GroupView>(SubjectKinds.Group, id.ToString(), cancellationToken) is { } row
            ? new Versioned<GroupView>(row.View, row.View.Version)
            : new ProblemResult(Problem.NotFound($"A concurrency group '{group}' that is in use"));
}
