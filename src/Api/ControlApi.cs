using System.Text;
using Control.Api.Agents;
using Control.Api.Clusters;
using Control.Api.Events;
using Control.Api.Groups;
using Control.Api.Pipelines;
using Control.Api.Retention;
using Control.Api.Runs;
using Control.Api.Runtime;
using Control.Api.Triggers;
using Control.Api.Workspaces;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Control.Api;

/// <summary>Adds the REST gateway to a host and maps its routes.</summary>
public static class ControlApi
{
    /// <summary>Where the routes of this version begin.</summary>
    internal const string Base = "/api/v1";

    /// <summary>
    /// Adds the gateway. The host also adds the store (<c>AddControlStorage</c>), the queries (<c>AddControlQueries</c>) and
    /// an <see cref="IGrainFactory"/>.
    /// </summary>
    /// <exception cref="OptionsValidationException">At start: a setting is missing or out of range.</exception>
    public static IServiceCollection AddControlApi(this IServiceCollection services, Action<ApiOptions> configure)
    {
        services.AddOptions<ApiOptions>().Configure(configure).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ApiOptions>, ApiOptionsCheck>();
        services.TryAddSingleton(TimeProvider.System);
        services.ConfigureHttpJsonOptions(o => ContractJson.Configure(o.SerializerOptions));
        services.Configure<RouteOptions>(o => o.LowercaseUrls = true);
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        AddAccess(services);
        services.AddRateLimiter(RateLimits.AddTo);
        services.AddControlOpenApi();
        services.AddSingleton<MetricsExporter>();
        services.AddHostedService(provider => provider.GetRequiredService<MetricsExporter>());
        return services
            .AddSingleton<Definitions>()
            .AddSingleton<LiveSilos>().AddSingleton<ClusterSessions>()
            .AddSingleton<RunReader>().AddSingleton<RunTimeline>().AddSingleton<RetentionTimeline>().AddSingleton<StreamSlots>()
            .AddSingleton<AttemptLog>().AddSingleton<LogTail>()
            .AddSingleton<Leases>().AddSingleton<JoinDesk>().AddSingleton<AssignmentSecrets>();
    }

    /// <summary>
    /// Puts the gateway's middleware and routes into the application. What the host maps besides must say who may call it:
    /// routes without a policy take only callers with a valid credential.
    /// </summary>
    public static WebApplication MapControlApi(this WebApplication app)
    {
        app.UseMiddleware<AuditMiddleware>();
        app.UseMiddleware<ProblemMiddleware>();
        app.UseRouting();
        app.UseAuthorization();
        app.UseRateLimiter();
        var api = app.MapGroup(Base);
        WorkspaceRoutes.Map(api);
        LimitRoutes.Map(api);
        SecretRoutes.Map(api);
        PipelineRoutes.Map(api);
        DefinitionRoutes.Map(api);
        RunRoutes.Map(api);
        RetentionRoutes.Map(api);
        GroupRoutes.Map(api);
        TriggerRoutes.Map(api);
        LogRoutes.Map(api);
        EventRoutes.Map(api);
        ClusterRoutes.Map(api);
        ObjectRoutes.Map(api);
        AgentRoutes.Map(api);
        PoolRoutes.Map(api);
        RuntimeRoutes.Map(api);
        TokenRoutes.Map(api);
        AgentWireRoutes.Map(api);
        HealthRoutes.Map(app);
        RuntimePage.Map(app);
        app.MapGet("/openapi.json", async (OpenApiText document) => TypedResults.Text(await document.GetAsync(), "application/json", Encoding.UTF8))
            .AllowAnonymous().ExcludeFromDescription();
        return app;
    }

    /// <summary>
    /// For pages that the host maps besides and that change nothing: only admins of the whole installation see them. Browsers
    /// ask for a name, which may be anything, and a password, which is the access token.
    /// </summary>
    public static void ForAdministrators(this IEndpointConventionBuilder pages) =>
        pages.RequireAuthorization(Policies.Installation).WithMetadata(BrowserPages.Mark);

    /// <summary>
    /// Limits for a server that anyone can reach. Bodies are limited again by each route; parked polls and streams live
    /// longer than any of these times.
    /// </summary>
    public static void ConfigureKestrel(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxRequestBodySize = 2 << 20;
        limits.MaxRequestLineSize = 8 * 1024;
        limits.MaxRequestHeaderCount = 64;
        limits.MaxRequestHeadersTotalSize = 32 * 1024;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
        limits.MaxConcurrentConnections = 20_000;
        limits.Http2.MaxStreamsPerConnection = 256;
    }

    private static void AddAccess(IServiceCollection services)
    {
        services.AddAuthentication()
            .AddScheme<BearerOptions, BearerHandler>(Schemes.Token, o => (o.Prefix, o.Kind) = (BearerTokens.TokenPrefix, Storage.SubjectKinds.Token))
            .AddScheme<BearerOptions, BearerHandler>(Schemes.Agent, o => (o.Prefix, o.Kind) = (BearerTokens.AgentPrefix, Storage.SubjectKinds.Agent));
        services.AddAuthorization(Policies.AddTo);
        services.AddSingleton<IAuthorizationHandler, ScopeHandler>();
        services.AddSingleton<IAuthorizationHandler, MetricsHandler>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AccessAnswers>();
        services.AddSingleton<Credentials>().AddSingleton<FailedSignIns>();
    }
}
