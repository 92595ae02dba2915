using Control.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Api.Agents;

/// <summary>
/// Tells agents which incarnation of the store they talk to, and refuses those that know another: a backup was restored, so what
/// they run may be work that this store never gave out, under numbers that it gives out again. An agent that names none has
/// only just started, or is of a version before this.
/// </summary>
internal sealed class IncarnationFilter : IEndpointFilter
{
    /// <summary>The header, of requests and answers.</summary>
    public const string Header = "Control-Incarnation";

    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var current = http.RequestServices.GetRequiredService<ControlStore>().Incarnation;
        http.Response.Headers[Header] = current;
        var known = http.Request.Headers[Header].ToString();
        return known.Length == 0 || known == current
            ? next(context)
            : throw StoreRestored.ForAgents();
    }
}
