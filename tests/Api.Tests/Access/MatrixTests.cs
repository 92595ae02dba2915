using Control.Api.Agents;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Api.Tests.Access;

/// <summary>Walks every mapped route with every wrong credential: a route added without thought of access fails here.</summary>
public sealed class MatrixTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static readonly ImmutableArray<string> Open = ["agentJoin", "healthz", "readyz", "/openapi.json", "/runtime", "/runtime/page.js", "/runtime/page.css"];

    private IEnumerable<RouteEndpoint> Routes => host.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();

    private IEnumerable<RouteEndpoint> PeoplesRoutes => Routes.Where(e => Policy(e) is not null and not Policies.Agent and not Policies.Metrics);

    [Fact]
    public void Routes_All_HaveAPolicyOrAreKnownToBeOpen()
    {
        foreach (var route in Routes)
        {
            var open = route.Metadata.GetMetadata<IAllowAnonymous>() is not null;
            Assert.Equal(open, Open.Contains(Name(route)));
            Assert.True(open || route.Metadata.GetOrderedMetadata<IAuthorizeData>().Count == 1, $"{Name(route)} needs exactly one policy.");
        }

        Assert.True(PeoplesRoutes.Count() > 30);
    }

    [Fact]
    public async Task Routes_WithoutToken_Answer401()
    {
        foreach (var route in Routes.Where(r => Policy(r) is not null and not Policies.Metrics))
        {
            var answer = await SendAsync(route, null);
            await answer.ProblemAsync(HttpStatusCode.Unauthorized, "unauthorized");
            Assert.Equal("Bearer realm=\"control\"", answer.Headers.WwwAuthenticate.ToString());
        }
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("wrong-secret")]
    [InlineData("unknown")]
    [InlineData("agent")]
    [InlineData("garbage")]
    public async Task PeoplesRoutes_WithABadCredential_Answer401(string which)
    {
        var bearer = await BadAsync(which);
        foreach (var route in PeoplesRoutes)
        {
            await (await SendAsync(route, bearer)).ProblemAsync(HttpStatusCode.Unauthorized, "unauthorized");
        }
    }

    [Fact]
    public async Task AgentRoutes_WithAPersonsToken_Answer401()
    {
        var routes = Routes.Where(r => Policy(r) == Policies.Agent).ToList();
        Assert.Equal(3, routes.Count);
        foreach (var route in routes)
        {
            await (await SendAsync(route, host.Admin)).ProblemAsync(HttpStatusCode.Unauthorized, "unauthorized");
        }
    }

    [Fact]
    public async Task AgentRoutes_WithAnotherStoresIncarnation_Answer410()
    {
        foreach (var route in Routes.Where(r => Policy(r) == Policies.Agent))
        {
            using var agent = host.Client(host.Agent);
            agent.DefaultRequestHeaders.Add(IncarnationFilter.Header, new string('0', 32));
            var (query, content) = Work(Name(route));
            await (await agent.PostAsync(route.RoutePattern.RawText + query, content)).ProblemAsync(HttpStatusCode.Gone, "store-restored");
        }
    }

    [Fact]
    public async Task WorkspaceRoutes_WithAForeignWorkspacesToken_AnswerAsIfItWereAbsent()
    {
        var foreign = await host.Seed.TokenAsync("foreign", ApiHost.Later, Scopes.All, "other");
        var routes = PeoplesRoutes.Where(r => r.RoutePattern.RawText!.Contains("{ws}", StringComparison.Ordinal)).ToList();
        Assert.True(routes.Count > 20);
        foreach (var route in routes.Where(r => Policy(r) != Policies.Installation))
        {
            var there = await (await SendAsync(route, foreign)).ProblemAsync(HttpStatusCode.NotFound, "not-found");
            var absent = await (await SendAsync(route, foreign, workspace: "nowhere")).ProblemAsync(HttpStatusCode.NotFound, "not-found");
            Assert.Equal(there.ToString().Replace("team", "X", StringComparison.Ordinal), absent.ToString().Replace("nowhere", "X", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task InstallationRoutes_WithAWorkspaceBoundAdmin_Answer403()
    {
        var bound = await host.Seed.TokenAsync("bound", ApiHost.Later, [Scopes.Admin], "team");
        foreach (var route in PeoplesRoutes.Where(r => Policy(r) is Policies.Installation or Policies.Agents or Policies.ReadAll))
        {
            await (await SendAsync(route, bound)).ProblemAsync(HttpStatusCode.Forbidden, "workspace-bound");
        }
    }

    [Fact]
    public async Task PeoplesRoutes_WithEveryOtherScope_Answer403()
    {
        foreach (var route in PeoplesRoutes.Where(r => Policy(r) != Policies.AnyToken))
        {
            var needed = Policy(route) switch
            {
                Policies.Installation => Scopes.Admin,
                Policies.ReadAll => Scopes.Read,
                var scope => scope!,
            };
            var others = Scopes.All.Where(s => s != needed && s != Scopes.Admin).ToImmutableArray();
            var token = await host.Seed.TokenAsync("lacks-" + needed, ApiHost.Later, others);
            host.App.Services.GetRequiredService<Credentials>().Forget(SubjectKinds.Token, "lacks-" + needed);
            await (await SendAsync(route, token)).ProblemAsync(HttpStatusCode.Forbidden, "scope-missing");
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/api/v1/nothing")]
    [InlineData("/api/v1/workspaces/team/pipelines/web/runs/0")]
    [InlineData("/api/v1/workspaces/team/pipelines/web/runs/x")]
    public async Task UnknownAddresses_WithoutToken_Answer401AndWithOne404(string path)
    {
        using var stranger = host.Client(null);
        using var admin = host.Client(host.Admin);
        await (await stranger.GetAsync(path)).ProblemAsync(HttpStatusCode.Unauthorized);
        await (await admin.GetAsync(path)).ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    [Theory]
    [InlineData("workspaces/UPPER")]
    [InlineData("workspaces/..%2fother")]
    [InlineData("workspaces/a%0d%0ab")]
    [InlineData("workspaces/team/pipelines/web/runs/1/jobs/..%2f..%2fx/attempts/1/log")]
    [InlineData("agents/%27%20or%201=1")]
    public async Task MisnamedAddresses_Answer404(string path)
    {
        using var admin = host.Client(host.Admin);
        await (await admin.GetAsync(path)).ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    // What is wrong with it in itself is told first.
    private static (string Query, HttpContent Content) Work(string route)
    {
        var attempt = AttemptId.Parse("team/web/1/build.compile/1");
        var report = new AttemptReport(attempt, 4, new AgentId("agent-1"), ReportKind.Started, null, null, null, ImmutableSortedDictionary<string, string>.Empty, 0);
        return route switch
        {
            "agentPoll" => ("", JsonContent.Create(new AgentPoll("boot", 1, 1, [], TimeSpan.Zero), options: ContractJson.Options)),
            "agentReport" => ("", JsonContent.Create(report, options: ContractJson.Options)),
            "agentLog" => ($"?attempt={attempt}&lease=4&offset=0", new ByteArrayContent("x"u8.ToArray()) { Headers = { ContentType = new("application/octet-stream") } }),
            _ => throw new ArgumentException($"Say what an agent sends to {route}."),
        };
    }

    private async Task<string> BadAsync(string which) => which switch
    {
        "expired" => await host.Seed.TokenAsync("expired", Seed.Then, Scopes.All),
        "wrong-secret" => "ctt_admin." + BearerTokens.NewSecret(),
        "unknown" => "ctt_nobody." + BearerTokens.NewSecret(),
        "agent" => host.Agent,
        _ => "ctt_../..%00.x",
    };

    private async Task<HttpResponseMessage> SendAsync(RouteEndpoint route, string? bearer, string workspace = "team")
    {
        using var client = host.Client(bearer);
        var path = route.RoutePattern.RawText!
            .Replace("{ws}", workspace, StringComparison.Ordinal).Replace("{p}", "web", StringComparison.Ordinal)
            .Replace("{n:long:min(1)}", "1", StringComparison.Ordinal).Replace("{k:int:min(1)}", "1", StringComparison.Ordinal)
            .Replace("{job}", "build.compile", StringComparison.Ordinal).Replace("{stage}", "build", StringComparison.Ordinal)
            .Replace("{secret}", "key", StringComparison.Ordinal).Replace("{group}", "deploy", StringComparison.Ordinal).Replace("{pool}", "linux", StringComparison.Ordinal).Replace("{trigger}", "nightly", StringComparison.Ordinal).Replace("{cluster}", "prod", StringComparison.Ordinal)
            .Replace("{kind}", "pods", StringComparison.Ordinal).Replace("{object}", "web-0", StringComparison.Ordinal).Replace("{id}", "admin", StringComparison.Ordinal);
        Assert.DoesNotContain('{', path);
        var request = new HttpRequestMessage(new HttpMethod(route.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods[0]), path);
        if (route.Metadata.GetMetadata<IAcceptsMetadata>() is { } accepts)
        {
            request.Content = new StringContent("{}", Encoding.UTF8, accepts.ContentTypes[0]);
        }

        return await client.SendAsync(request);
    }

    private static string Name(RouteEndpoint route) => route.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? route.RoutePattern.RawText!;

    private static string? Policy(RouteEndpoint route) => route.Metadata.GetMetadata<IAuthorizeData>()?.Policy;
}
