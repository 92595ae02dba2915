using Control.Api.Events;
using Control.Api.Pipelines;
using Control.Api.Runs;
using Control.Contracts.Pipelines;
using Control.Contracts.Retention;
using Control.Contracts.Runs;
using Control.Contracts.Workspaces;
using Control.Storage;
using Control.Storage.Queries.Subjects;
using Microsoft.AspNetCore.Mvc;

namespace Control.Api.Retention;

/// <summary>What keeps a pipeline's runs, and what has gone.</summary>
/// <param name="Policy">The policy in force; absent when every run is kept.</param>
/// <param name="Source">Whose it is: <c>pipeline</c> or <c>workspace</c>.</param>
/// <param name="Deleted">Runs deleted so far, by prunes too.</param>
/// <param name="LastDeletedAt">When the last of them was.</param>
internal sealed record RetentionInForce(RetentionPolicy? Policy, string? Source, long Deleted, DateTimeOffset? LastDeletedAt);

/// <summary>Routes of what is kept of ended runs.</summary>
internal static class RetentionRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var policy = api.MapGroup("/workspaces/{ws}/retention").WithTags("Retention").RequireAuthorization(Policies.Admin);
        policy.MapPut("", Set).Takes<SetRetentionRequest>()
            .Describe("setWorkspaceRetention", "Sets which ended runs of a workspace are deleted, for pipelines without a policy of their own");
        policy.MapDelete("", Unset).Describe("deleteWorkspaceRetention", "Keeps every run of a workspace's pipelines that have no policy of their own");
        var pipeline = api.MapGroup("/workspaces/{ws}/pipelines/{p}").WithTags("Retention");
        pipeline.MapGet("/retention", Get).RequireAuthorization(Policies.Read)
            .Describe("getRetention", "Shows which policy holds for a pipeline's ended runs, and how many have gone");
        pipeline.MapGet("/retention/events", Events).RequireAuthorization(Policies.Read)
            .Produces<EventList>().Produces<string>(contentType: EventStream.ContentType)
            .Describe("getRetentionEvents", "Tells which runs retention deleted: as a stream of history and news when text/event-stream is accepted, else as a page");
        pipeline.MapPost("/runs/prune", Prune).RequireAuthorization(Policies.Write).Repeatable().Takes<PruneRequest>()
            .Describe("pruneRuns", "Deletes a page of the ended runs that a policy does not keep; with dryRun it only tells which these are, and why");
        var run = pipeline.MapGroup("/runs/{n:long:min(1)}/keep").RequireAuthorization(Policies.Write);
        run.MapPut("", Keep).Takes<KeepRequest>().Describe("keepRun", "Keeps a run, whatever the policy says");
        run.MapDelete("", Unkeep).Describe("unkeepRun", "Leaves a run to the policy again");
    }

    private static Task<Results<Versioned<WorkspaceView>, ProblemResult>> Set(string ws, Body<SetRetentionRequest> body, Caller caller, IGrainFactory grains) =>
        Save(ws, body.Value.Policy, caller, grains);

    private static Task<Results<Versioned<WorkspaceView>, ProblemResult>> Unset(string ws, Caller caller, IGrainFactory grains) =>
        Save(ws, policy: null, caller, grains);

    private static async Task<Results<Versioned<WorkspaceView>, ProblemResult>> Save(string ws, RetentionPolicy? policy, Caller caller, IGrainFactory grains) =>
        (await grains.GetGrain<IWorkspaceGrain>(ws).SetRetention(new SetRetention(policy, caller.Actor)))
            .To(view => new Versioned<WorkspaceView>(view, view.Version));

    private static async Task<Results<Ok<RetentionInForce>, ProblemResult>> Get(
        [AsParameters] PipelineRoute route, SubjectQueries subjects, CancellationToken cancellationToken)
    {
        if (await subjects.GetAsync<PipelineView>(SubjectKinds.Pipeline, route.Key, cancellationToken) is not { } pipeline)
        {
            return new ProblemResult(Problem.NotFound($"Pipeline {route.Key}"));
        }

        var workspace = await subjects.GetAsync<WorkspaceView>(SubjectKinds.Workspace, route.Workspace, cancellationToken);
        var done = await subjects.GetAsync<RetentionView>(SubjectKinds.Retention, route.Key, cancellationToken);
        var policy = pipeline.View.Retention ?? workspace?.View.Retention;
        var source = policy is null ? null : pipeline.View.Retention is null ? "workspace" : "pipeline";
        return TypedResults.Ok(new RetentionInForce(
            policy is { KeepsAll: true } ? null : policy, source, done?.View.Deleted ?? 0, done?.View.LastDeletedAt));
    }

    private static async Task<IResult> Events(
        [AsParameters] PipelineRoute route, [FromQuery] string? after, [FromQuery] string? limit, HttpContext http, Caller caller, RetentionTimeline timeline)
    {
        // First: whoever comes with the place of another store is told so, whether or not this one has the object as well.
        var last = StreamPlace.Read(http.Request, "after", after);
        if (!await timeline.ExistsAsync(route.Id, http.RequestAborted))
        {
            return new ProblemResult(Problem.NotFound($"Pipeline {route.Key}"));
        }

        return EventStream.IsWanted(http.Request)
            ? await timeline.StreamAsync(route.Id, last, caller, http.RequestAborted)
            : TypedResults.Ok(await timeline.ReadAsync(route.Id, last, new ListQuery(null, limit).Size, http.RequestAborted));
    }

    private static async Task<Results<Ok<PruneResult>, ProblemResult>> Prune(
        [AsParameters] PipelineRoute route, Body<PruneRequest> body, Caller caller, SubjectQueries subjects, IGrainFactory grains)
    {
        if (await subjects.GetAsync<PipelineView>(SubjectKinds.Pipeline, route.Key) is null)
        {
            return new ProblemResult(Problem.NotFound($"Pipeline {route.Key}"));
        }

        return (await grains.GetGrain<IRetentionGrain>(route.Key).Prune(body.Value.Command(caller.Actor))).To(result => TypedResults.Ok(result));
    }

    private static Task<Results<Ok<RunView>, ProblemResult>> Keep([AsParameters] RunRoute route, Body<KeepRequest> body, Caller caller, RunReader runs) =>
        runs.CommandAsync(route.Id, run => run.Keep(new KeepRun(body.Value.Reason ?? "", caller.Actor)));

    private static Task<Results<Ok<RunView>, ProblemResult>> Unkeep([AsParameters] RunRoute route, Caller caller, RunReader runs) =>
        runs.CommandAsync(route.Id, run => run.Unkeep(caller.Actor));
}
