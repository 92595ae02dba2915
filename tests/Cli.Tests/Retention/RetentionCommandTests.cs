using System.Text.Json;
using Control.Contracts.Pipelines;
using Control.Contracts.Retention;
using Control.Contracts.Runs;
using Control.Contracts.Workspaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Control.Cli.Tests.Retention;

public sealed class RetentionCommandTests
{
    private const string Workspace = "/api/v1/workspaces/shop";

    [Fact]
    public async Task PruneDryRun_TwoPages_ShowsAllAndWhy()
    {
        var bodies = new List<string>();
        await using var server = await ServerAsync(bodies, "web");
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("run", "prune", "web", "--keep", "20", "--age", "30d", "--keep-succeeded", "2", "--dry-run");

        Assert.Equal(
            """
            RUN    STATE      ENDED    WHY                   LOG
            web/1  failed     40d ago  beyond the newest 20  1.5 KiB
            web/2  succeeded  40d ago  older than 30d        0 B

            """,
            result.Output);
        Assert.Equal((ExitCodes.Succeeded, "Would delete 2 runs\n"), (result.Code, result.Error));
        Assert.Equal(
            ["""{"keep":20,"ageSeconds":2592000,"keepSucceeded":2,"dryRun":true}""", """{"keep":20,"ageSeconds":2592000,"keepSucceeded":2,"dryRun":true,"from":2}"""],
            bodies);
    }

    [Fact]
    public async Task Prune_All_GoesThroughThePipelinesAndLeavesOutThoseWithoutAPolicy()
    {
        var bodies = new List<string>();
        await using var server = await ServerAsync(bodies, "app", "none", "web");
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("run", "prune", "--all", "-o", "json");

        using var document = JsonDocument.Parse(result.Output);
        Assert.Equal(
            ["shop/app/1", "shop/app/2", "shop/web/1", "shop/web/2"],
            document.RootElement.GetProperty("runs").EnumerateArray().Select(run => run.GetProperty("run").GetString()));
        Assert.Equal("Deleted 4 runs\n", result.Error);
        Assert.Equal("""{"dryRun":false}""", bodies[0]);
    }

    [Fact]
    public async Task Prune_OneWithoutAPolicy_SaysWhatToDo()
    {
        await using var server = await ServerAsync([], "none");
        using var cli = new CliHarness().At(server);
        var result = await cli.RunAsync("run", "prune", "none");
        Assert.Equal((ExitCodes.Failed, ""), (result.Code, result.Output));
        Assert.Contains("Say what to keep", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run", "prune")]
    [InlineData("run", "prune", "web", "--all")]
    [InlineData("run", "prune", "web", "--keep", "0")]
    [InlineData("run", "prune", "web", "--keep", "10001")]
    [InlineData("run", "prune", "web", "--age", "59m")]
    [InlineData("run", "prune", "web", "--age", "30")]
    [InlineData("run", "prune", "web", "--age", "3651d")]
    [InlineData("run", "prune", "web", "--keep-succeeded", "2")]
    [InlineData("run", "prune", "web", "--keep", "1", "--keep-succeeded", "-1")]
    [InlineData("workspace", "retention", "shop")]
    [InlineData("workspace", "retention", "shop", "--none", "--keep", "1")]
    public async Task CommandLine_Wrong_ExitsWithUsage(params string[] arguments)
    {
        using var cli = new CliHarness { Environment = { ["CONTROL_SERVER"] = "http://127.0.0.1:1", ["CONTROL_WORKSPACE"] = "shop" } };
        var result = await cli.RunAsync(arguments);
        Assert.Equal((ExitCodes.Usage, ""), (result.Code, result.Output));
    }

    [Fact]
    public async Task WorkspaceRetention_SetAndTakenAway_ShowsWhatIsKept()
    {
        var calls = new List<string>();
        await using var server = await FakeServer.StartAsync(app =>
        {
            app.MapPut($"{Workspace}/retention", async (HttpContext http) =>
            {
                calls.Add(await new StreamReader(http.Request.Body).ReadToEndAsync());
                return FakeServer.Json(new WorkspaceView("shop", "", Samples.T0, Samples.Alice, 2, Retention: new RetentionPolicy(20, 86400)));
            });
            app.MapDelete($"{Workspace}/retention", () =>
            {
                calls.Add("none");
                return FakeServer.Json(new WorkspaceView("shop", "", Samples.T0, Samples.Alice, 3));
            });
        });
        using var cli = new CliHarness().At(server);

        var set = await cli.RunAsync("workspace", "retention", "shop", "--keep", "20", "--age", "1d");
        var unset = await cli.RunAsync("workspace", "retention", "shop", "--none");

        Assert.Contains("the newest 20, none older than 1d, the newest succeeded in any case\n", set.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("keeps", unset.Output, StringComparison.Ordinal);
        Assert.Equal(["""{"keep":20,"ageSeconds":86400,"keepSucceeded":1}""", "none"], calls);
    }

    [Fact]
    public async Task KeepAndUnkeep_OneRun_AskForIt()
    {
        var calls = new List<string>();
        await using var server = await FakeServer.StartAsync(app =>
        {
            app.MapPut($"{Workspace}/pipelines/web/runs/12/keep", async (HttpContext http) =>
            {
                calls.Add(await new StreamReader(http.Request.Body).ReadToEndAsync());
                return FakeServer.Json(Samples.RunIn(RunState.Succeeded));
            });
            app.MapDelete($"{Workspace}/pipelines/web/runs/12/keep", () =>
            {
                calls.Add("unkeep");
                return FakeServer.Json(Samples.RunIn(RunState.Succeeded));
            });
        });
        using var cli = new CliHarness().At(server);

        Assert.Equal("shop/web/12\n", (await cli.RunAsync("run", "keep", "web", "12", "--reason", "release 1.0")).Output);
        Assert.Equal("shop/web/12\n", (await cli.RunAsync("run", "unkeep", "web/12")).Output);
        Assert.Equal(["""{"reason":"release 1.0"}""", "unkeep"], calls);
    }

    [Fact]
    public async Task RunGet_Kept_SaysByWhomAndWhy()
    {
        var run = Samples.RunIn(RunState.Succeeded) with { Kept = new Kept("release 1.0", Samples.Alice, Samples.T0) };
        await using var server = await FakeServer.StartAsync(app =>
        {
            app.MapGet($"{Workspace}/pipelines/web/runs/12", () => FakeServer.Json(run));
            app.MapGet($"{Workspace}/pipelines/web/runs/12/attempts", () => FakeServer.Json(new { items = Array.Empty<AttemptView>() }));
        });
        using var cli = new CliHarness().At(server);
        Assert.Contains($"by {Samples.Alice.Name}: release 1.0", (await cli.RunAsync("run", "get", "web", "12")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PipelineRetention_OfTheWorkspace_SaysSo()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapGet(
            $"{Workspace}/pipelines/web/retention",
            () => FakeServer.Json(new Control.Cli.Client.RetentionInfo(new RetentionPolicy(0, 7 * 86400, 3), "workspace", 8, Samples.T0))));
        using var cli = new CliHarness().At(server);
        var result = await cli.RunAsync("pipeline", "retention", "web");
        Assert.Contains("none older than 7d, the newest 3 succeeded in any case", result.Output, StringComparison.Ordinal);
        Assert.Contains("the workspace", result.Output, StringComparison.Ordinal);
    }

    // Every pipeline but "none" has two runs to go, told in two pages.
    private static Task<FakeServer> ServerAsync(List<string> bodies, params string[] pipelines) => FakeServer.StartAsync(app =>
    {
        app.MapGet($"{Workspace}/pipelines", () => FakeServer.Json(new
        {
            items = pipelines.Select(name => new PipelineView(new PipelineId("shop", name), "", 1, Samples.T0, Samples.T0, Samples.Alice, 0, 1)),
        }));
        app.MapPost($"{Workspace}/pipelines/{{name}}/runs/prune", async (string name, HttpContext http) =>
        {
            var body = await JsonSerializer.DeserializeAsync<JsonElement>(http.Request.Body);
            bodies.Add(body.GetRawText());
            if (name == "none")
            {
                return Results.Json(new { status = 409, code = "no-retention", detail = "No policy. Say what to keep, or set one." }, contentType: "application/problem+json", statusCode: 409);
            }

            var isSecond = body.TryGetProperty("from", out _);
            var id = new RunId(new PipelineId("shop", name), isSecond ? 2 : 1);
            var run = isSecond
                ? new PrunedRun(id, RunState.Succeeded, TimeProvider.System.GetUtcNow().AddDays(-40), PruneRule.Age, 0)
                : new PrunedRun(id, RunState.Failed, TimeProvider.System.GetUtcNow().AddDays(-40), PruneRule.Keep, 1536);
            return FakeServer.Json(new PruneResult([run], isSecond ? null : 2, new RetentionPolicy(20, 30 * 86400, 2), DryRun: true));
        });
    });
}
