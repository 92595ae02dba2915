using System.Text;
using Control.Contracts.Scheduling;
using Control.Storage;
using Control.Storage.Queries.Subjects;
using Microsoft.Extensions.Logging;

namespace Control.Api.Http;

/// <summary>Routes for those who operate the server.</summary>
internal static class HealthRoutes
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("").WithTags("Operations");
        group.MapGet("/healthz", () => TypedResults.Ok(Health.Ok)).AllowAnonymous().Describe("healthz", "Answers while the process is up");
        group.MapGet("/readyz", Ready).AllowAnonymous().Produces<Health>().Produces<Health>(StatusCodes.Status503ServiceUnavailable)
            .Describe("readyz", "Answers 200 when the database and the grains can be reached, else 503");
        group.MapGet("/metrics", Metrics).RequireAuthorization(Policies.Metrics).Produces<string>(contentType: "text/plain")
            .Describe("metrics", "Shows the meters in the text format of Prometheus");
    }

    private static async Task<JsonHttpResult<Health>> Ready(
        ControlStore store, SubjectQueries subjects, IGrainFactory grains, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var readiness = new Readiness(time, loggers.CreateLogger<Readiness>());
        // Reading alone would not show that nothing can be written.
        await readiness.TryAsync("storage", store.ProbeAsync, cancellationToken);
        await readiness.TryAsync("storage", () => subjects.GetCredentialAsync(SubjectKinds.Token, "readyz", cancellationToken), cancellationToken);
        await readiness.TryAsync("grains", () => grains.GetGrain<ISchedulerGrain>("0").Poke(), cancellationToken);
        return TypedResults.Json(readiness.Health, statusCode: readiness.Health.StatusCode);
    }

    private static ContentHttpResult Metrics(MetricsExporter exporter) =>
        TypedResults.Text(exporter.Collect(), MetricsExporter.ContentType, Encoding.UTF8);
}
