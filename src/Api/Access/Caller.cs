using System.Reflection;
using Control.Contracts.Agents;
using Microsoft.AspNetCore.Http.Features;

namespace Control.Api.Access;

/// <summary>Who makes a request, as its credential says.</summary>
/// <param name="Actor">Kind, id and name, as recorded with what they do.</param>
/// <param name="Scopes">What they may do; empty for agents.</param>
/// <param name="Workspaces">The only workspaces they see; empty means all.</param>
/// <param name="ExpiresAt">When the credential ends; far away for agents.</param>
internal sealed record Caller(Actor Actor, ImmutableArray<string> Scopes, ImmutableArray<string> Workspaces, DateTimeOffset ExpiresAt)
{
    /// <summary>The agent that calls, on agents' routes.</summary>
    public AgentId Agent => AgentId.Parse(Actor.Id);

    /// <summary>True when the scope, or admin, is among the caller's.</summary>
    public bool May(string scope) => Scopes.Contains(scope) || Scopes.Contains(Contracts.Access.Scopes.Admin);

    /// <summary>True when the workspace is not hidden from the caller.</summary>
    public bool Sees(string workspace) => Workspaces.IsEmpty || Workspaces.Contains(workspace);

    /// <summary>Authentication put it there; a route without it is a route without a policy.</summary>
    public static ValueTask<Caller> BindAsync(HttpContext http, ParameterInfo parameter) =>
        ValueTask.FromResult(http.Features.GetRequiredFeature<Caller>());
}
