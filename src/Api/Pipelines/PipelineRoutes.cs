using Control.Contracts.Pipelines;
using Control.Storage;
using Control.Storage.Queries.Subjects;
using Microsoft.AspNetCore.Mvc;

namespace Control.Api.Pipelines;

/// <summary>A stored definition without its text.</summary>
/// <param name="Number">From 1.</param>
/// <param name="At">When it was put.</param>
/// <param name="By">Who put it.</param>
internal sealed record DefinitionVersion(long Number, DateTimeOffset At, Actor By);

/// <summary>Routes of pipelines and their definitions.</summary>
internal static class PipelineRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var all = api.MapGroup("/workspaces/{ws}/pipelines").WithTags("Pipelines");
        all.MapGet("", List).RequireAuthorization(Policies.Read).Describe("listPipelines", "Lists a workspace's pipelines");
        var one = all.MapGroup("/{p}");
        one.MapGet("", Get).RequireAuthorization(Policies.Read).Describe("getPipeline", "Shows a pipeline");
        one.MapPut("", Put).RequireAuthorization(Policies.Write).TakesText()
            .Describe("putPipeline", "Makes a pipeline, or gives it a new definition");
        one.MapDelete("", Delete).RequireAuthorization(Policies.Write)
            .Describe("deletePipeline", "Deletes a pipeline that has no unfinished run");
        one.MapGet("/definition", GetDefinition).RequireAuthorization(Policies.Read)
            .Produces<string>(contentType: "application/yaml").Describe("getDefinition", "Gives a definition as it was submitted");
        one.MapGet("/versions", ListVersions).RequireAuthorization(Policies.Read)
            .Describe("listDefinitions", "Lists a pipeline's definitions, newest first");
    }

    private static async Task<Results<Ok<Listing<PipelineView>>, ProblemResult>> List(
        string ws, [AsParameters] ListQuery query, SubjectQueries subjects, CancellationToken cancellationToken)
    {
        if (await subjects.GetAsync<Contracts.Workspaces.WorkspaceView>(SubjectKinds.Workspace, ws, cancellationToken) is null)
        {
            return new ProblemResult(Problem.NotFound($"Workspace {ws}"));
        }

        var filter = new SubjectFilter(SubjectKinds.Pipeline, ws);
        return (await subjects.ListAsync<PipelineView>(filter, query.Cursor, query.Size, newestFirst: false, cancellationToken)).Show();
    }

    private static async Task<Results<Versioned<PipelineView>, ProblemResult>> Get(
        [AsParameters] PipelineRoute route, SubjectQueries subjects, CancellationToken cancellationToken) =>
        await subjects.GetAsync<PipelineView>(SubjectKinds.Pipeline, route.Key, cancellationToken) is { } row
            ? new Versioned<PipelineView>(row.View, row.View.Version)
            : new ProblemResult(Problem.NotFound($"Pipeline {route.Key}"));

    private static async Task<Results<Versioned<PipelineView>, ProblemResult>> Put(
        [AsParameters] PipelineRoute route, TextBody body, HttpRequest request, Caller caller, IGrainFactory grains)
    {
        var command = new PutPipeline(body.Text, ETags.IfMatch(request), ETags.CreateOnly(request), caller.Actor);
        return (await grains.GetGrain<IPipelineGrain>(route.Key).Put(command)).To(view => new Versioned<PipelineView>(view, view.Version));
    }

    private static async Task<Results<NoContent, ProblemResult>> Delete(
        [AsParameters] PipelineRoute route, HttpRequest request, Caller caller, IGrainFactory grains) =>
        (await grains.GetGrain<IPipelineGrain>(route.Key).Delete(ETags.IfMatch(request), caller.Actor)).To(_ => TypedResults.NoContent());

    private static async Task<Results<ContentHttpResult, ProblemResult>> GetDefinition(
        [AsParameters] PipelineRoute route, [FromQuery] string? version, Definitions definitions, CancellationToken cancellationToken) =>
        await definitions.FindAsync(route.Id, Lists.Number("version", version, 0), cancellationToken) is { } definition
            ? TypedResults.Text(definition.Text, "application/yaml; charset=utf-8")
            : new ProblemResult(Problem.NotFound($"This definition of pipeline {route.Key}"));

    private static async Task<Results<Ok<Listing<DefinitionVersion>>, ProblemResult>> ListVersions(
        [AsParameters] PipelineRoute route, [AsParameters] ListQuery query, Definitions definitions, CancellationToken cancellationToken) =>
        await definitions.ListAsync(route.Id, query, cancellationToken) is { } page
            ? page
            : new ProblemResult(Problem.NotFound($"Pipeline {route.Key}"));
}

/// <summary>The address of a pipeline.</summary>
internal sealed record PipelineRoute([FromRoute(Name = "ws")] string Workspace, [FromRoute(Name = "p")] string Pipeline)
{
    public PipelineId Id => new(Workspace, Pipeline);

    public string Key => Id.ToString();
}
