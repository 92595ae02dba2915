using Control.Api.Runs;
using Microsoft.AspNetCore.Mvc;

namespace Control.Api.Events;

/// <summary>Routes of timelines.</summary>
internal static class EventRoutes
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/workspaces/{ws}/pipelines/{p}/runs/{n:long:min(1)}/events", Events).WithTags("Events")
            .RequireAuthorization(Policies.Read)
            .Produces<EventList>().Produces<string>(contentType: EventStream.ContentType)
            .Describe("getRunEvents", "Tells a run's events: as a stream of history and news when text/event-stream is accepted, else as a page");

    private static async Task<IResult> Events(
        [AsParameters] RunRoute route, [FromQuery] string? after, [FromQuery] string? limit, HttpContext http, Caller caller, RunTimeline timeline)
    {
        // First: whoever comes with the place of another store is told so, whether or not this one has the object as well.
        var last = StreamPlace.Read(http.Request, "after", after);
        if (await timeline.StateAsync(route.Id, http.RequestAborted) is null)
        {
            return new ProblemResult(Problem.NotFound($"Run {route.Key}"));
        }

        return EventStream.IsWanted(http.Request)
            ? await timeline.StreamAsync(route.Id, last, caller, http.RequestAborted)
            : await timeline.ReadAsync(route.Id, last, new ListQuery(null, limit).Size, http.RequestAborted);
    }
}
