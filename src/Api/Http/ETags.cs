using System.Reflection;
using Microsoft.AspNetCore.Http.Metadata;

namespace Control.Api.Http;

/// <summary>Strong ETags made of versions: <c>"12"</c>.</summary>
internal static class ETags
{
    public static string Of(long version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>The version a change is based on; null when the caller does not say or says <c>*</c>.</summary>
    /// <exception cref="ControlException">If-Match is not one strong ETag of ours.</exception>
    public static long? IfMatch(HttpRequest request)
    {
        var text = request.Headers.IfMatch.ToString();
        if (text.Length == 0 || text == "*")
        {
            return null;
        }

        return text is ['"', .. var digits, '"'] && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : throw Outcomes.BadRequest(new FieldError("If-Match", "Send one ETag as the last answer had it, such as \"12\"."));
    }

    /// <summary>True for <c>If-None-Match: *</c>: make it only when it is not there.</summary>
    public static bool CreateOnly(HttpRequest request) => request.Headers.IfNoneMatch == "*";

    /// <summary>True when the caller has this version already.</summary>
    public static bool Has(HttpRequest request, string etag) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && request.Headers.IfNoneMatch.ToString().Split(',', StringSplitOptions.TrimEntries).Any(t => t == "*" || t == etag || t == "W/" + etag);
}

/// <summary>200 with an ETag, or 304 when the caller has that version.</summary>
internal sealed class Versioned<T>(T value, long version) : IResult, IStatusCodeHttpResult, IEndpointMetadataProvider
{
    public int? StatusCode => StatusCodes.Status200OK;

    public static void PopulateMetadata(MethodInfo method, EndpointBuilder builder)
    {
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status200OK, typeof(T), ["application/json"]));
        builder.Metadata.Add(new ProducesResponseTypeMetadata(StatusCodes.Status304NotModified));
    }

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var etag = ETags.Of(version);
        httpContext.Response.Headers.ETag = etag;
        httpContext.Response.Headers.CacheControl = "private, no-cache";
        if (ETags.Has(httpContext.Request, etag))
        {
            httpContext.Response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        return httpContext.Response.WriteAsJsonAsync(value, ContractJson.Options, httpContext.RequestAborted);
    }
}
