using Control.Contracts.Runtime;
using Control.Storage;
using Control.Storage.Queries.Runtime;
using Control.Storage.Queries.Subjects;

namespace Control.Api.Runtime;

/// <summary>Routes that show silos and what their grains do, as the silos tell it every few seconds.</summary>
internal static class RuntimeRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var runtime = api.MapGroup("/runtime").WithTags("Runtime").RequireAuthorization(Policies.Installation);
        runtime.MapGet("/silos", List).Describe("listSilos", "Lists the silos, those that started last first; gone and lost ones for a day");
        runtime.MapGet("/silos/{id}", Get).Describe("getSilo", "Shows a silo");
        runtime.MapGet("/grains", Grains).Describe("listGrainTypes", "Lists the grain classes with their figures on all living silos");
        runtime.MapGet("/hot", Hot).Describe("listHotGrains", "Lists the grains with the most calls and those that most calls wait for");
        runtime.MapGet("/history", History).Describe("getSiloHistory", "Tells which silos came, went, were lost and came back, newest first");
    }

    private static async Task<Ok<Listing<SiloView>>> List(
        [AsParameters] ListQuery query, SubjectQueries subjects, CancellationToken cancellationToken) =>
        (await subjects.ListAsync<SiloView>(
            new SubjectFilter(SubjectKinds.Silo), query.Cursor, query.Size, newestFirst: true, cancellationToken)).Show();

    private static async Task<Results<Versioned<SiloView>, ProblemResult>> Get(
        string id, SubjectQueries subjects, CancellationToken cancellationToken) =>
        await subjects.GetAsync<SiloView>(SubjectKinds.Silo, id, cancellationToken) is { } row
            ? new Versioned<SiloView>(row.View, row.Version)
            : new ProblemResult(Problem.NotFound($"Silo {id}"));

    private static async Task<Ok<Listing<GrainTypeView>>> Grains(LiveSilos silos, CancellationToken cancellationToken) =>
        TypedResults.Ok(new Listing<GrainTypeView>(RuntimeSums.GrainTypes(await silos.ReadAsync(cancellationToken)), null));

    private static async Task<Ok<Listing<HotGrainView>>> Hot(LiveSilos silos, CancellationToken cancellationToken) =>
        TypedResults.Ok(new Listing<HotGrainView>(RuntimeSums.HotGrains(await silos.ReadAsync(cancellationToken)), null));

    private static async Task<Ok<Listing<SiloEventView>>> History(
        [AsParameters] ListQuery query, SiloHistory history, CancellationToken cancellationToken)
    {
        var page = await history.ReadAsync(query.Cursor, query.Size, cancellationToken);
        return TypedResults.Ok(new Listing<SiloEventView>(page.Items, page.NextCursor));
    }
}
