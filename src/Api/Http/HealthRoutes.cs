using System.Text;
using Control.Contracts.Scheduling;
using Control.Storage;
using Control.Storage.Queries.Subjects;
using Microsoft.Extensions.Logging;

namespace Control.Api.Http;

/// <summary>Whether a part works.</summary>
/// <param name="Status"><c>ok</c>, or <c>unavailable</c>.</param>
/// <param name="Parts">The parts that do not work.</param>
internal sealed record Health(string Status, ImmutableArray<string> Parts);

/// <summary>Routes for those who operate the server.</summary>
internal static partial class HealthRoutes
{
    /// <summary>A part that takes longer is as good as away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public static void Map(IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("").WithTags("Operations");
        group.MapGet("/healthz", () => TypedResults.Ok(new Health("ok", []))).AllowAnonymous().Describe("healthz", "Answers while the process is up");
        group.MapGet("/readyz", Ready).AllowAnonymous().Produces<Health>().Produces<Health>(StatusCodes.Status503ServiceUnavailable)
            .Describe("readyz", "Answers 200 when the database and the grains can be reached, else 503");
        group.MapGet("/metrics", Metrics).RequireAuthorization(Policies.Metrics).Produces<string>(contentType: "text/plain")
            .Describe("metrics", "Shows the meters in the text format of Prometheus");
    }

    private static async Task<JsonHttpResult<Health>> Ready(
        ControlStore store, SubjectQueries subjects, IGrainFactory grains, TimeProvider time, ILogger<MetricsExporter> logger, CancellationToken cancellationToken)
    {
        var parts = new List<string>();
        // Reading alone would not show that nothing can be written.
        await TryAsync("storage", store.ProbeAsync);
        await TryAsync("storage", () => subjects.GetCredentialAsync(SubjectKinds.Token, "readyz", cancellationToken));
        await TryAsync("grains", () => grains.GetGrain<ISchedulerGrain>("0").Poke());
        return TypedResults.Json(
            new Health(parts.Count == 0 ? "ok" : "unavailable", [.. parts]),
            statusCode: parts.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);

        async Task TryAsync(string part, Func<Task> attempt)
        {
            try
            {
                await attempt().WaitAsync(Patience, time, cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                LogUnavailable(logger, part, exception);
                if (!parts.Contains(part))
                    parts.Add(part);
            }
        }
    }

    private static ContentHttpResult Metrics(MetricsExporter exporter) =>
        TypedResults.Text(exporter.Collect(), MetricsExporter.ContentType, Encoding.UTF8);

    [LoggerMessage(1, LogLevel.Warning, "Not ready: {Part} does not answer")]
    private static partial void LogUnavailable(ILogger logger, string part, Exception exception);
}
