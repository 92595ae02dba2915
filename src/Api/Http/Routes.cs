using Microsoft.AspNetCore.Mvc;

namespace Control.Api.Http;

/// <summary>Marks routes that take an Idempotency-Key, for the OpenAPI document.</summary>
internal sealed record RepeatableMetadata;

/// <summary>What routes say about themselves.</summary>
internal static class Routes
{
    /// <summary>Names and summarises a route for the OpenAPI document.</summary>
    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder route, string name, string summary) =>
        route.WithName(name).WithSummary(summary);

    /// <summary>Takes a JSON body; the limit holds for it as it comes in.</summary>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder route, int limit = 1 << 20)
        where T : notnull =>
        route.Accepts<T>(isOptional: true, "application/json").LimitBody(limit);

    /// <summary>Takes text as one of <see cref="TextBody.ContentTypes"/>.</summary>
    public static RouteHandlerBuilder TakesText(this RouteHandlerBuilder route) =>
        route.Accepts<string>(isOptional: true, TextBody.ContentTypes[0], [.. TextBody.ContentTypes[1..]]).LimitBody(TextBody.Limit);

    /// <summary>Limits the body, in bytes.</summary>
    public static RouteHandlerBuilder LimitBody(this RouteHandlerBuilder route, int bytes) =>
        route.WithMetadata(new RequestSizeLimitAttribute(bytes));

    /// <summary>Makes a POST safe to repeat with an Idempotency-Key. Answers that show a secret are kept sealed.</summary>
    public static RouteHandlerBuilder Repeatable(this RouteHandlerBuilder route, bool showsSecret = false) =>
        route.AddEndpointFilter(new IdempotencyFilter(showsSecret)).WithMetadata(new RepeatableMetadata());
}
