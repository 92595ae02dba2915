using System.Net;
using Control.Contracts.Runs;
using Microsoft.AspNetCore.Authorization;

namespace Control.Api.Access;

/// <summary>Names of the policies; every route carries one of them or says that it is open to anyone.</summary>
internal static class Policies
{
    public const string Read = "read";
    /// <summary>Reading what belongs to the whole installation: the token is not bound to workspaces.</summary>
    public const string ReadAll = "read-all";

    public const string Run = "run";
    public const string Approve = "approve";
    public const string Write = "write";
    public const string Agents = "agents";

    /// <summary>Admin within the workspaces that the token sees.</summary>
    public const string Admin = "admin";

    /// <summary>Admin of everything: the token is not bound to workspaces.</summary>
    public const string Installation = "installation";

    /// <summary>Any valid token of people.</summary>
    public const string AnyToken = "any-token";

    /// <summary>Agents only.</summary>
    public const string Agent = "agent";

    /// <summary>Readers, and this machine where the settings allow it.</summary>
    public const string Metrics = "metrics";

    /// <summary>Adds them all; what has none is closed to strangers.</summary>
    public static void AddTo(AuthorizationOptions options)
    {
        Add(options, Read, new ScopeRequirement(Scopes.Read));
        Add(options, ReadAll, new ScopeRequirement(Scopes.Read, Unbound: true));
        Add(options, Run, new ScopeRequirement(Scopes.Run));
        Add(options, Approve, new ScopeRequirement(Scopes.Approve));
        Add(options, Write, new ScopeRequirement(Scopes.Write));
        Add(options, Agents, new ScopeRequirement(Scopes.Agents, Unbound: true));
        Add(options, Admin, new ScopeRequirement(Scopes.Admin));
        Add(options, Installation, new ScopeRequirement(Scopes.Admin, Unbound: true));
        Add(options, AnyToken, new ScopeRequirement(null));
        options.AddPolicy(Agent, p => p.AddAuthenticationSchemes(Schemes.Agent).RequireAuthenticatedUser());
        options.AddPolicy(Metrics, p => p.AddAuthenticationSchemes(Schemes.Token).AddRequirements(new MetricsRequirement()));
        options.FallbackPolicy = new AuthorizationPolicyBuilder(Schemes.Token, Schemes.Agent).RequireAuthenticatedUser().Build();
    }

    private static void Add(AuthorizationOptions options, string name, ScopeRequirement requirement) =>
        options.AddPolicy(name, p => p.AddAuthenticationSchemes(Schemes.Token).RequireAuthenticatedUser().AddRequirements(requirement));
}

/// <summary>Demands a scope, and the right to see the workspace that the address names.</summary>
/// <param name="Scope">One of <see cref="Scopes"/>; null for any token.</param>
/// <param name="Unbound">Whether the token must see all workspaces.</param>
internal sealed record ScopeRequirement(string? Scope, bool Unbound = false) : IAuthorizationRequirement;

/// <summary>Demands the read scope of strangers.</summary>
internal sealed record MetricsRequirement : IAuthorizationRequirement;

/// <summary>
/// Decides before anything is bound or looked up: scope first, then the shape of names, then the workspace. A workspace
/// that a token is not bound to does not exist for it, so the answers for a foreign and for a missing one are the same.
/// </summary>
internal sealed class ScopeHandler : AuthorizationHandler<ScopeRequirement>
{
    private static readonly ImmutableArray<string> Names = ["ws", "p", "secret", "stage", "cluster", "id"];

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRequirement requirement)
    {
        if (context.Resource is not HttpContext http || http.Features.Get<Caller>() is not { } caller)
        {
            return Task.CompletedTask;
        }

        var problem = Denied(caller, requirement) ?? Misnamed(http.Request) ?? Hidden(caller, http.Request.RouteValues);
        if (problem is null)
        {
            context.Succeed(requirement);
        }
        else
        {
            http.Features.Set(problem);
            context.Fail();
        }

        return Task.CompletedTask;
    }

    private static Problem? Denied(Caller caller, ScopeRequirement requirement)
    {
        if (requirement.Scope is { } scope && !caller.May(scope))
        {
            return Problem.Of(StatusCodes.Status403Forbidden, "scope-missing", $"The token lacks the scope '{scope}'.");
        }

        return requirement.Unbound && !caller.Workspaces.IsEmpty
            ? Problem.Of(StatusCodes.Status403Forbidden, "workspace-bound", "The token is bound to workspaces; this concerns the whole installation.")
            : null;
    }

    private static Problem? Misnamed(HttpRequest request)
    {
        var wrong = Names.Where(n => request.RouteValues[n] is string text && !ResourceName.IsValid(text)).ToList();
        if (request.RouteValues["job"] is string job && !JobKey.TryParse(job, null, out _))
        {
            wrong.Add("job");
        }

        return wrong.Count == 0 ? null
            : HttpMethods.IsPut(request.Method)
                ? Problem.Of(Refusal.BadRequest("bad-name", "A name in the address is not allowed.", [.. wrong.Select(n => new FieldError(n, $"Must be {ResourceName.Rule}."))]))
                : Problem.NotFound("What the address names");
    }

    private static Problem? Hidden(Caller caller, RouteValueDictionary values) =>
        values["ws"] is string workspace && !caller.Sees(workspace) ? Problem.NotFound($"Workspace {workspace}") : null;
}

/// <summary>Lets readers in, and this machine where the settings allow it.</summary>
internal sealed class MetricsHandler(IOptions<ApiOptions> options) : AuthorizationHandler<MetricsRequirement>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, MetricsRequirement requirement)
    {
        if (context.Resource is HttpContext http && (IsReader(http) || IsHere(http)))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }

    private static bool IsReader(HttpContext http) => http.Features.Get<Caller>()?.May(Scopes.Read) == true;

    private bool IsHere(HttpContext http) =>
        options.Value.MetricsFromLoopback
        && http.Connection.RemoteIpAddress is { } address && IPAddress.IsLoopback(address)
        && !http.Request.Headers.ContainsKey("Forwarded") && !http.Request.Headers.ContainsKey("X-Forwarded-For");
}
