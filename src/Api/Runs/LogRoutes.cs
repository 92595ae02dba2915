using Control.Api.Events;
using Control.Contracts.Runs;
using Microsoft.AspNetCore.Mvc;

namespace Control.Api.Runs;

/// <summary>Routes of logs.</summary>
internal static class LogRoutes
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/workspaces/{ws}/pipelines/{p}/runs/{n:long:min(1)}/jobs/{job}/attempts/{k:int:min(1)}/log", Log).WithTags("Runs")
            .RequireAuthorization(Policies.Read)
            .Produces<string>(contentType: "text/plain").Produces<string>(contentType: EventStream.ContentType)
            .Produces<string>(StatusCodes.Status206PartialContent, "text/plain")
            .Describe("getLog", "Gives an attempt's log, whole or in part; with follow=true as a stream until it is complete");

    private static async Task<IResult> Log(
        [AsParameters] LogRoute route, [FromQuery] string? offset, [FromQuery] bool? follow, HttpContext http, Caller caller, AttemptLog log, LogTail tail)
    {
        // First: whoever comes with the place of another store is told so, whether or not this one has the attempt as well.
        var from = follow == true ? StreamPlace.Read(http.Request, "offset", offset) : Lists.Number("offset", offset, 0);
        if (await log.StateAsync(route.Attempt, http.RequestAborted) is not { } state)
        {
            return new ProblemResult(Problem.NotFound($"Attempt {route.Attempt}"));
        }

        return follow == true
            ? tail.Follow(route.Attempt, from, caller)
            : LogResult.For(http.Request, log, route.Attempt, state, from);
    }
}

/// <summary>The address of an attempt. Its job's name was checked before this is made.</summary>
internal sealed record LogRoute(
    [FromRoute(Name = "ws")] string Workspace,
    [FromRoute(Name = "p")] string Pipeline,
    [FromRoute(Name = "n")] long Number,
    [FromRoute(Name = "job")] string Job,
    [FromRoute(Name = "k")] int Try)
{
    public AttemptId Attempt => new(new RunRoute(Workspace, Pipeline, Number).Id, JobKey.Parse(Job), Try);
}
