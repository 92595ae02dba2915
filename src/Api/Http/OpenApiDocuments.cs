using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;

namespace Control.Api.Http;

/// <summary>Completes the generated OpenAPI document by what routing does not know.</summary>
internal static class OpenApiDocuments
{
    /// <summary>The document's name among others that a host may have.</summary>
    public const string Name = "v1";

    /// <summary>Query parameters that are read as text, so that errors can name them, but are numbers.</summary>
    private static readonly ImmutableArray<string> Numbers = ["limit", "after", "offset", "version", "lease"];

    public static void AddControlOpenApi(this IServiceCollection services) => services.AddSingleton<OpenApiText>().AddOpenApi(Name, options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            Complete(document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(Complete);
        options.AddSchemaTransformer(Complete);
    });

    private static void Complete(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo { Title = "Control", Version = Name, Description = "The REST interface of Control." };
        document.Servers = [];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            ["token"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", Description = "An access token: ctt_…" },
        };
        document.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("token", document)] = [] }];
    }

    private static async Task Complete(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>().Where(p => Numbers.Contains(p.Name ?? "")) ?? [])
        {
            parameter.Schema = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64", Minimum = "0" };
        }

        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<RepeatableMetadata>().Any())
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = Idempotency.Header,
                In = ParameterLocation.Header,
                Description = "A repeat with the same key and body gets the first answer instead of a second effect.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = 128 },
            });
        }

        operation.Responses ??= [];
        var document = context.Document!;
        if (document.Components?.Schemas?.ContainsKey(nameof(Problem)) != true)
        {
            document.AddComponent(nameof(Problem), await context.GetOrCreateSchemaAsync(typeof(Problem), null, cancellationToken));
        }

        operation.Responses["default"] = new OpenApiResponse
        {
            Description = "What went wrong, with a stable code.",
            Content = new Dictionary<string, OpenApiMediaType> { ["application/problem+json"] = new OpenApiMediaType { Schema = new OpenApiSchemaReference(nameof(Problem), document) } },
        };
    }

    /// <summary>Ids are texts; what may be null is left out of bodies, so it is not required.</summary>
    private static Task Complete(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        if (type.IsValueType && type.Namespace?.StartsWith("Control.Contracts", StringComparison.Ordinal) == true && !type.IsEnum)
        {
            schema.Type = JsonSchemaType.String;
        }

        foreach (var property in context.JsonTypeInfo.Properties.Where(p => p.IsGetNullable))
        {
            schema.Required?.Remove(property.Name);
        }

        return Task.CompletedTask;
    }
}
