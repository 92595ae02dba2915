using Microsoft.Extensions.Logging;

namespace Control.Api.Http;

/// <summary>
/// Leaves a line for every attempt at a write: who, what, on what, with what outcome. It stands outside everything else, so
/// refused and failed ones are there too. Agents' own calls are not writes of people and have their traces elsewhere.
/// </summary>
internal sealed partial class AuditMiddleware(RequestDelegate next, ILogger<AuditMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext http)
    {
        await next(http);
        if (IsWrite(http.Request.Method) && http.GetEndpoint()?.Metadata.GetMetadata<IEndpointNameMetadata>() is { } route && !IsAgents(http))
        {
            var actor = http.Features.Get<Caller>()?.Actor;
            var what = http.Response.Headers.Location is [{ } made] ? made : Printable(http.Request.Path);
            LogWrite(actor?.Id ?? "nobody", actor?.Name ?? "", route.EndpointName, what, http.Response.StatusCode);
        }
    }

    private static bool IsWrite(string method) => !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) && !HttpMethods.IsOptions(method);

    private static bool IsAgents(HttpContext http) => http.Features.Get<Caller>()?.Actor.Kind == ActorKind.Agent;

    /// <summary>A path as a stranger sent it, without what could forge a line of the log.</summary>
    private static string Printable(PathString path)
    {
        var text = path.ToUriComponent();
        return text.Length <= 512 ? text : text[..512];
    }

    [LoggerMessage(1, LogLevel.Information, "Audit: {ActorId} ({ActorName}) {Action} {Object}: {Status}")]
    private partial void LogWrite(string actorId, string actorName, string action, string @object, int status);
}
