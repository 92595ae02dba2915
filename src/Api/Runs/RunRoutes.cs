using System.Diagnostics;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.Storage;
using Control.Storage.Queries.Subjects;
using Microsoft.AspNetCore.Mvc;

namespace Control.Api.Runs;

/// <summary>Routes of runs.</summary>
internal static class RunRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/workspaces/{ws}/runs", ListOfWorkspace).WithTags("Runs").RequireAuthorization(Policies.Read)
            .Describe("listWorkspaceRuns", "Lists the runs of all pipelines of a workspace, newest first");
        var runs = api.MapGroup("/workspaces/{ws}/pipelines/{p}/runs").WithTags("Runs");
        runs.MapGet("", List).RequireAuthorization(Policies.Read).Describe("listRuns", "Lists a pipeline's runs, newest first");
        runs.MapPost("", Start).RequireAuthorization(Policies.Run).Repeatable().Takes<StartRunRequest>().Describe("startRun", "Starts a run");
        var one = runs.MapGroup("/{n:long:min(1)}");
        one.MapGet("", Get).RequireAuthorization(Policies.Read).Describe("getRun", "Shows a run");
        one.MapDelete("", Delete).RequireAuthorization(Policies.Write).Describe("deleteRun", "Deletes a run that has ended, with its logs");
        one.MapGet("/attempts", ListAttempts).RequireAuthorization(Policies.Read).Describe("listAttempts", "Lists the attempts at a run's jobs");
        one.MapPost("/cancel", Cancel).RequireAuthorization(Policies.Run).Repeatable().Takes<CancelRequest>().Describe("cancelRun", "Cancels a run");
        one.MapPost("/retry", Retry).RequireAuthorization(Policies.Run).Repeatable().Describe("retryRun", "Runs again what did not succeed");
        one.MapPost("/rerun", Rerun).RequireAuthorization(Policies.Run).Repeatable().Takes<RerunRequest>()
            .Describe("rerunRun", "Runs an ended run again: from a stage on, or all of it, also with other parameters or another ref");
        var stage = one.MapGroup("/stages/{stage}").RequireAuthorization(Policies.Approve);
        stage.MapPost("/approve", Approve).Repeatable().Takes<ApproveRequest>().Describe("approveStage", "Approves the gate a run waits at");
        stage.MapPost("/reject", Reject).Repeatable().Takes<RejectRequest>().Describe("rejectStage", "Rejects the gate a run waits at");
    }

    private static async Task<Results<Ok<Listing<RunView>>, ProblemResult>> ListOfWorkspace(
        string ws, [AsParameters] RunQuery query, SubjectQueries subjects, CancellationToken cancellationToken)
    {
        if (await subjects.GetAsync<Contracts.Workspaces.WorkspaceView>(SubjectKinds.Workspace, ws, cancellationToken) is null)
        {
            return new ProblemResult(Problem.NotFound($"Workspace {ws}"));
        }

        var filter = new SubjectFilter(SubjectKinds.Run, ws, States: query.States);
        return (await subjects.ListAsync<RunView>(filter, query.Page.Cursor, query.Page.Size, newestFirst: true, cancellationToken)).Show();
    }

    private static async Task<Results<Ok<Listing<RunView>>, ProblemResult>> List(
        [AsParameters] Pipelines.PipelineRoute route, [AsParameters] RunQuery query, SubjectQueries subjects, CancellationToken cancellationToken)
    {
        if (await subjects.GetAsync<PipelineView>(SubjectKinds.Pipeline, route.Key, cancellationToken) is null)
        {
            return new ProblemResult(Problem.NotFound($"Pipeline {route.Key}"));
        }

        var filter = new SubjectFilter(SubjectKinds.Run, route.Workspace, Parent: route.Key, States: query.States);
        return (await subjects.ListAsync<RunView>(filter, query.Page.Cursor, query.Page.Size, newestFirst: true, cancellationToken)).Show();
    }

    private static async Task<Results<Created<RunView>, ProblemResult>> Start(
        [AsParameters] Pipelines.PipelineRoute route, Body<StartRunRequest> body, HttpContext http, Caller caller, IGrainFactory grains, RunReader runs)
    {
        var command = body.Value.Command(Idempotency.OperationId(http, caller), caller.Actor, Activity.Current?.Id);
        var outcome = await grains.GetGrain<IPipelineGrain>(route.Key).Start(command);
        if (!outcome.Granted)
        {
            return new ProblemResult(Problem.Of(outcome.Refusal));
        }

        var run = await runs.AwaitAsync(outcome.Value.Run, http.RequestAborted);
        return TypedResults.Created(RunRoute.Address(run.Id), run);
    }

    private static async Task<Results<Versioned<RunView>, ProblemResult>> Get(
        [AsParameters] RunRoute route, SubjectQueries subjects, CancellationToken cancellationToken) =>
        await subjects.GetAsync<RunView>(SubjectKinds.Run, route.Key, cancellationToken) is { } row
            ? new Versioned<RunView>(row.View, row.View.Version)
            : new ProblemResult(Problem.NotFound($"Run {route.Key}"));

    private static async Task<Results<Ok<Listing<AttemptView>>, ProblemResult>> ListAttempts(
        [AsParameters] RunRoute route, [AsParameters] ListQuery query, SubjectQueries subjects, CancellationToken cancellationToken)
    {
        if (await subjects.GetAsync<RunView>(SubjectKinds.Run, route.Key, cancellationToken) is null)
        {
            return new ProblemResult(Problem.NotFound($"Run {route.Key}"));
        }

        var subject = new SubjectKey(SubjectKinds.Run, route.Key);
        return (await subjects.ListChildrenAsync(subject, "attempt", query.Cursor, query.Size, ct: cancellationToken)).Show<AttemptView>();
    }

    private static async Task<Results<NoContent, ProblemResult>> Delete([AsParameters] RunRoute route, Caller caller, RunReader runs) =>
        await runs.DeleteAsync(route.Id, caller.Actor);

    private static async Task<Results<Ok<RunView>, ProblemResult>> Cancel(
        [AsParameters] RunRoute route, Body<CancelRequest> body, Caller caller, RunReader runs) =>
        await runs.CommandAsync(route.Id, run => run.Cancel(body.Value.Mode ?? CancelMode.AfterFinally, caller.Actor));

    private static async Task<Results<Ok<RunView>, ProblemResult>> Rerun(
        [AsParameters] RunRoute route, Body<RerunRequest> body, Caller caller, RunReader runs) =>
        await runs.CommandAsync(route.Id, run => run.Rerun(body.Value.Command(caller.Actor)));

    private static async Task<Results<Ok<RunView>, ProblemResult>> Retry([AsParameters] RunRoute route, Caller caller, RunReader runs) =>
        await runs.CommandAsync(route.Id, run => run.Retry(caller.Actor));

    private static async Task<Results<Ok<RunView>, ProblemResult>> Approve(
        [AsParameters] RunRoute route, string stage, Body<ApproveRequest> body, Caller caller, RunReader runs) =>
        await runs.CommandAsync(route.Id, run => run.Decide(body.Value.Command(stage, caller)));

    private static async Task<Results<Ok<RunView>, ProblemResult>> Reject(
        [AsParameters] RunRoute route, string stage, Body<RejectRequest> body, Caller caller, RunReader runs) =>
        await runs.CommandAsync(route.Id, run => run.Decide(body.Value.Command(stage, caller)));
}

/// <summary>The address of a run.</summary>
internal sealed record RunRoute(
    [FromRoute(Name = "ws")] string Workspace, [FromRoute(Name = "p")] string Pipeline, [FromRoute(Name = "n")] long Number)
{
    public RunId Id => new(new PipelineId(Workspace, Pipeline), Number);

    public string Key => Id.ToString();

    public static string Address(RunId run) => string.Create(
        CultureInfo.InvariantCulture, $"{ControlApi.Base}/workspaces/{run.Pipeline.Workspace}/pipelines/{run.Pipeline.Name}/runs/{run.Number}");
}

/// <summary>Which runs to list.</summary>
/// <param name="State">States, separated by commas; all when absent.</param>
/// <param name="Cursor">The last page's <c>nextCursor</c>.</param>
/// <param name="Limit">Items per page, 1 to 200, 50 unless told.</param>
internal sealed record RunQuery(
    [FromQuery(Name = "state")] string? State, [FromQuery(Name = "cursor")] string? Cursor, [FromQuery(Name = "limit")] string? Limit)
{
    private static readonly ImmutableArray<string> All =
        [.. Enum.GetValues<RunState>().Where(s => s != RunState.Invalid).Select(s => System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(s.ToString()))];

    /// <summary>The page asked for.</summary>
    public ListQuery Page => new(Cursor, Limit);

    /// <summary>The states asked for; null for all.</summary>
    /// <exception cref="ControlException">One of them is none.</exception>
    public ImmutableArray<string>? States
    {
        get
        {
            if (string.IsNullOrEmpty(State))
            {
                return null;
            }

            var states = State.Split(',').Distinct().ToImmutableArray();
            return states.All(s => All.Contains(s))
                ? states
                : throw Outcomes.BadRequest(new FieldError("state", $"Must be some of {string.Join(", ", All)}, separated by commas."));
        }
    }
}
