namespace Control.Api.Pipelines;

/// <summary>What a check of a definition found.</summary>
/// <param name="Valid">True when a pipeline could be made of it.</param>
/// <param name="Errors">All of them at once, with lines.</param>
internal sealed record LintResult(bool Valid, ImmutableArray<FieldError> Errors);

/// <summary>Routes that help writing definitions; they concern no workspace.</summary>
internal static class DefinitionRoutes
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var group = api.MapGroup("").WithTags("Pipelines").RequireAuthorization(Policies.Read);
        group.MapPost("/pipelines/lint", Lint).TakesText().Describe("lintPipeline", "Checks a definition without storing it");
        group.MapGet("/schemas/pipeline", Schema).Produces<string>(contentType: "application/schema+json")
            .Describe("getPipelineSchema", "Gives the JSON Schema of definitions, for editors");
    }

    private static Ok<LintResult> Lint(TextBody body, IOptions<ApiOptions> options)
    {
        var errors = options.Value.LintPipeline!(body.Text);
        return TypedResults.Ok(new LintResult(errors.IsEmpty, errors));
    }

    private static ContentHttpResult Schema(IOptions<ApiOptions> options) =>
        TypedResults.Text(options.Value.PipelineSchema, "application/schema+json; charset=utf-8");
}
