using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Api.Tests.Http;

/// <summary>Requests that were made to do harm, on every route that takes a body.</summary>
public sealed class HostileTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static readonly AttemptId Attempt = AttemptId.Parse("team/web/35/build.compile/1");

    private const string Run = "workspaces/team/pipelines/web/runs";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Body_OfTenMegabytesOrOneByteTooMany_IsRefusedOnEveryRoute(bool isHuge)
    {
        await host.Seed.RunAsync(Attempt.Run, children: [Seed.Attempt(Attempt, AttemptState.Running, "agent-1", 4)]);
        var routes = host.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(r => r.Metadata.GetMetadata<IAcceptsMetadata>() is not null).ToList();
        Assert.True(routes.Count > 10);
        foreach (var route in routes)
        {
            var isAgents = route.RoutePattern.RawText!.Contains("/agent/", StringComparison.Ordinal);
            using var client = host.Client(isAgents ? host.Agent : host.Admin);
            using var request = new HttpRequestMessage(new HttpMethod(route.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods[0]), Path(route));
            var limit = route.Metadata.GetMetadata<IRequestSizeLimitMetadata>()?.MaxRequestBodySize ?? 1 << 20;
            request.Content = new StreamContent(new MemoryStream(new byte[isHuge ? 10 << 20 : limit + 1]));
            request.Content.Headers.ContentType = new(route.Metadata.GetMetadata<IAcceptsMetadata>()!.ContentTypes[0]);
            // The server says no before the client sends it all, and hangs up: without this the client may not hear it.
            request.Headers.ExpectContinue = true;
            request.Headers.TransferEncodingChunked = !isHuge;

            await (await client.SendAsync(request)).ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "too-large");
        }
    }

    [Theory]
    [InlineData("agent/poll")]
    [InlineData("agent/reports")]
    [InlineData("agent/join")]
    public async Task Agent_SpeakingNonsense_GetsProblemsAndReachesNoGrain(string route)
    {
        var own = new ApiHost();
        await own.InitializeAsync();
        using (var agent = own.Client(own.Agent))
        {
            var bytes = new byte[3000];
            new Random(1).NextBytes(bytes);
            string[] bodies =
            [
                "", "null", "[]", "{}", "\"text\"", "0", "{", "\0\0", Encoding.Latin1.GetString(bytes), new string('[', 5_000),
                """{"bootId":"b","sequence":1e99,"free":1,"holding":[],"wait":"00:00:00"}""",
                """{"bootId":"b","sequence":1,"free":1,"holding":[null],"wait":"00:00:00"}""",
                """{"bootId":"b","sequence":1,"free":1,"holding":[{"attempt":"../../x","lease":1}],"wait":"00:00:00"}""",
                """{"bootId":"b","sequence":1,"free":1,"holding":[],"wait":"-99.00:00:00"}""",
                """{"bootId":"b\u0000","sequence":1,"free":1,"holding":[],"wait":"00:00:00"}""",
                """{"attempt":"team/web/1/build.compile/1","lease":4,"kind":"succeeded","outputs":null,"logLength":0}""",
                """{"attempt":"team/web/1/build.compile/1","lease":4,"kind":"succeeded","outputs":{"A":null},"logLength":0}""",
                """{"attempt":"team/web/1/build.compile/1","lease":4,"kind":77,"outputs":{},"logLength":0}""",
                """{"attempt":"team/web/1/build.compile/1","lease":4,"kind":"succeeded","outputs":{},"logLength":-1}""",
                """{"attempt":"team/web/99999999999999999999/b.c/1","lease":4,"kind":"succeeded","outputs":{},"logLength":0}""",
                """{"tokenId":"../x","tokenSecret":"","credentialSecret":"short","name":"$(id)","labels":null,"capacity":-1,"softwareVersion":""}""",
            ];
            foreach (var body in bodies)
            {
                var answer = await agent.PostAsync(route, Requests.Json(body));
                await answer.ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
            }

            await (await agent.PostAsync(route, new StringContent("x"))).ProblemAsync(HttpStatusCode.UnsupportedMediaType, "unsupported-media-type");
        }

        Assert.Empty(own.Grains.Calls);
        Assert.DoesNotContain(own.Lines.All, line => line.StartsWith("Error", StringComparison.Ordinal) || line.StartsWith("Critical", StringComparison.Ordinal));
        await own.DisposeAsync();
    }

    [Fact]
    public async Task Start_WithTensOfThousandsOfValues_IsNotTakenBeyondTheBodysLimit()
    {
        using var admin = host.Client(host.Admin).AskingFirst();
        var all = Values(100_000);
        await (await admin.PostAsync(Run, Requests.Json(all))).ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "too-large");

        static string Values(int count) => $"{{\"parameters\":{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"VARIABLE_{i}\":\"\""))}}}}}";
    }

    [Theory]
    [InlineData("foreign-workspace", HttpStatusCode.NotFound)]
    [InlineData("another-installation", HttpStatusCode.Unauthorized)]
    [InlineData("expired", HttpStatusCode.Unauthorized)]
    [InlineData("agent", HttpStatusCode.Unauthorized)]
    public async Task SecretsOfAPipeline_WithAnExpiredOrForeignToken_AreNotThere(string which, HttpStatusCode status)
    {
        var token = which switch
        {
            "foreign-workspace" => await host.Seed.TokenAsync("hostile-foreign", ApiHost.Later, Scopes.All, "other"),
            "another-installation" => $"ctt_elsewhere.{BearerTokens.NewSecret()}",
            "expired" => await host.Seed.TokenAsync("hostile-expired", Seed.Then, Scopes.All),
            _ => host.Agent,
        };
        using var client = host.Client(token);
        await (await client.GetAsync("workspaces/team/pipelines/web/secrets")).ProblemAsync(status);
        await (await client.PutAsync("workspaces/team/pipelines/web/secrets/x", Requests.Json("""{"kind":"text","text":"v"}"""))).ProblemAsync(status);
        await (await client.DeleteAsync("workspaces/team/pipelines/web/secrets/x")).ProblemAsync(status);
        Assert.DoesNotContain(host.Grains.Calls, call => call.StartsWith("team/web PutSecret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("..%2Fx")]
    [InlineData("a%2Fb")]
    [InlineData("$(id)")]
    [InlineData("a%20b")]
    [InlineData("a%0ab")]
    [InlineData("%00")]
    [InlineData("-rf")]
    [InlineData("A")]
    public async Task NamesWithPathOrShellCharacters_AreRefusedBeforeAnyGrain(string name)
    {
        using var admin = host.Client(host.Admin);
        string[] paths = [$"workspaces/team/secrets/{name}", $"workspaces/team/pipelines/web/secrets/{name}", $"workspaces/team/pipelines/{name}/secrets/x", $"workspaces/{name}/secrets/x"];
        foreach (var path in paths)
        {
            var answer = await admin.PutAsync(path, Requests.Json("""{"kind":"text","text":"v"}"""));
            Assert.True(answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound, $"{path}: {answer.StatusCode}");
            // A NUL does not get further than the HTTP server, which says nothing.
            if (name != "%00")
            {
                await answer.ProblemAsync(answer.StatusCode);
            }
        }

        Assert.DoesNotContain(host.Grains.Calls, call => call.Contains("PutSecret", StringComparison.Ordinal));
    }

    private static string Path(RouteEndpoint route) => System.Text.RegularExpressions.Regex.Replace(
        route.RoutePattern.RawText!
            .Replace("{ws}", "team", StringComparison.Ordinal).Replace("{p}", "web", StringComparison.Ordinal).Replace("{n}", "1", StringComparison.Ordinal)
            .Replace("{secret}", "hostile", StringComparison.Ordinal),
        "{[^}]*}",
        "1") + (route.RoutePattern.RawText!.EndsWith("/logs", StringComparison.Ordinal) ? $"?attempt={Attempt}&lease=4&offset=0" : "");
}
