using System.Text;
using System.Text.Json;
using Control.Contracts;
using Control.Contracts.Events;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Control.Cli.Tests.Runs;

public sealed class RunCommandTests
{
    private const string Pipeline = "/api/v1/workspaces/shop/pipelines/web";

    [Fact]
    public async Task Start_WithParameters_SendsThemAndPrintsTheId()
    {
        JsonElement body = default;
        await using var server = await FakeServer.StartAsync(app => app.MapPost($"{Pipeline}/runs", async (HttpContext http) =>
        {
            body = await JsonSerializer.DeserializeAsync<JsonElement>(http.Request.Body);
            return FakeServer.Json(Samples.RunIn(RunState.Preparing));
        }));
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("run", "start", "web", "-p", "A=1=2", "-p", "B=@x", "--ref", "main");

        Assert.Equal((0, "shop/web/12\n"), (result.Code, result.Output));
        Assert.Equal("""{"parameters":{"A":"1=2","B":"@x"},"ref":"main"}""", body.GetRawText());
    }

    [Theory]
    [InlineData("run", "start", "web", "-p", "A")]
    [InlineData("run", "start", "web", "-p", "A=1", "-p", "A=2")]
    [InlineData("run", "start", "Web!")]
    [InlineData("run", "start", "a/b/c")]
    [InlineData("run", "get", "web", "x")]
    [InlineData("run", "logs", "web", "1", "--job", "nodot")]
    [InlineData("run", "start")]
    [InlineData("run", "list", "web", "--limit", "0")]
    [InlineData("run", "list", "web", "--state", "2")]
    [InlineData("run")]
    [InlineData("bogus")]
    public async Task CommandLine_Wrong_ExitsWithUsageAndWritesNothingToStandardOutput(params string[] arguments)
    {
        using var cli = new CliHarness { Environment = { ["CONTROL_SERVER"] = "http://127.0.0.1:1", ["CONTROL_WORKSPACE"] = "shop" } };

        var result = await cli.RunAsync(arguments);

        Assert.Equal((ExitCodes.Usage, ""), (result.Code, result.Output));
        Assert.StartsWith("error: ", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RunState.Succeeded, ExitCodes.Succeeded)]
    [InlineData(RunState.Failed, ExitCodes.Failed)]
    [InlineData(RunState.Cancelled, ExitCodes.Cancelled)]
    public async Task StartFollow_RunEnds_ExitsWithItsResult(RunState end, int code)
    {
        await using var server = await FollowedServerAsync(end);
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("run", "start", "web", "--follow");

        Assert.Equal(code, result.Code);
    }

    [Fact]
    public async Task StartFollow_NoTerminal_PrintsOneLinePerChange()
    {
        await using var server = await FollowedServerAsync(RunState.Failed);
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("run", "start", "web", "--follow");

        Assert.Equal(
            """
            2026-08-01T12:00:00Z run running
            2026-08-01T12:00:00Z stage build running
            2026-08-01T12:00:00Z job build.go attempt 1 queued
            2026-08-01T12:00:00Z job build.go attempt 1 failed on agent-1 StepFailed (exit 3): go\uFFFD[2J
            2026-08-01T12:00:00Z stage release waiting: Release?
            2026-08-01T12:00:00Z run failed

            """.Replace("\\uFFFD", "\uFFFD", StringComparison.Ordinal), result.Output);
        Assert.Contains("control run approve shop/web/12 release", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StartFollow_Json_PrintsOnlyTheFinalRun()
    {
        await using var server = await FollowedServerAsync(RunState.Succeeded);
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("run", "start", "web", "--follow", "-o", "json");

        Assert.Equal("succeeded", JsonDocument.Parse(result.Output).RootElement.GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("web/12", "release")]
    [InlineData("web", "12", "release")]
    [InlineData("shop/web/12", "release")]
    [InlineData("shop/web", "12", "release")]
    [InlineData("web", "release")]
    [InlineData("web")]
    public async Task Approve_FormsOfNamingTheRun_MeanTheSame(params string[] names)
    {
        string? approved = null;
        await using var server = await FakeServer.StartAsync(app =>
        {
            var waiting = Samples.RunIn(RunState.Waiting, Samples.Stage("build", StageState.Succeeded), Samples.Stage("release", StageState.Waiting));
            app.MapGet(Pipeline, () => FakeServer.Json(Samples.Pipeline("web", 12)));
            app.MapGet($"{Pipeline}/runs/12", () => FakeServer.Json(waiting));
            app.MapPost($"{Pipeline}/runs/12/stages/release/approve", async (HttpContext http) =>
            {
                approved = await new StreamReader(http.Request.Body).ReadToEndAsync();
                return FakeServer.Json(Samples.RunIn(RunState.Running));
            });
        });
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync(["run", "approve", .. names, "-m", "fine", "-p", "K=V"]);

        Assert.Equal((0, "shop/web/12 running\n"), (result.Code, result.Output));
        Assert.Equal("""{"comment":"fine","parameters":{"K":"V"}}""", approved);
    }

    [Fact]
    public async Task Approve_NothingWaits_SaysInWhichStateTheRunIs()
    {
        await using var server = await FakeServer.StartAsync(app =>
            app.MapGet($"{Pipeline}/runs/12", () => FakeServer.Json(Samples.RunIn(RunState.Running, Samples.Stage("build", StageState.Running)))));
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("run", "approve", "web", "12");

        Assert.Equal(ExitCodes.Usage, result.Code);
        Assert.Contains("it is running", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cancel", "cancel web 12", """{"mode":"afterFinally"}""")]
    [InlineData("cancel", "cancel web/12 --mode now", """{"mode":"now"}""")]
    [InlineData("rerun", "rerun web 12", """{"parameters":{}}""")]
    [InlineData("rerun", "rerun web 12 --from test", """{"stage":"test","parameters":{}}""")]
    [InlineData("rerun", "rerun web 12 -p A=1 --ref main", """{"parameters":{"A":"1"},"ref":"main"}""")]
    public async Task CancelAndRerun_Options_AreSent(string route, string command, string body)
    {
        string? sent = null;
        await using var server = await FakeServer.StartAsync(app => app.MapPost($"{Pipeline}/runs/12/{route}", async (HttpContext http) =>
        {
            sent = await new StreamReader(http.Request.Body).ReadToEndAsync();
            return Results.Json(Samples.RunIn(RunState.Running), ContractJson.Options);
        }));
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync(["run", .. command.Split(' ')]);

        Assert.Equal((ExitCodes.Succeeded, body), (result.Code, sent));
    }

    [Fact]
    public async Task Delete_SeveralRuns_EachOnceAndNoneWhenANumberIsWrong()
    {
        var deleted = new List<string>();
        await using var server = await FakeServer.StartAsync(app => app.MapDelete($"{Pipeline}/runs/{{n}}", (string n) =>
        {
            deleted.Add(n);
            return Results.NoContent();
        }));
        using var cli = new CliHarness().At(server);

        Assert.Equal(ExitCodes.Usage, (await cli.RunAsync("run", "delete", "web", "3", "x")).Code);
        Assert.Empty(deleted);
        Assert.Equal(ExitCodes.Succeeded, (await cli.RunAsync("run", "delete", "web", "3", "5", "3")).Code);
        Assert.Equal(["3", "5"], deleted);
    }

    [Fact]
    public async Task Cancel_UnknownMode_SaysWhichThereAre()
    {
        using var cli = new CliHarness();

        var result = await cli.RunAsync("run", "cancel", "web", "12", "--mode", "softly");

        Assert.Equal(ExitCodes.Usage, result.Code);
        Assert.Contains("now, afterFinally, afterRunning", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancel_Refused_ShowsProblemStateAndExitsWithOne()
    {
        await using var server = await FakeServer.StartAsync(app => app.MapPost($"{Pipeline}/runs/12/cancel", () =>
            Results.Json(Samples.Problem(409, "run-already-finished", "The run is over.", "succeeded"), statusCode: 409, contentType: "application/problem+json")));
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("run", "cancel", "web", "12", "--verbose");

        Assert.Equal((ExitCodes.Failed, ""), (result.Code, result.Output));
        Assert.Matches(
            """
            ^error: The run is over\.
              state found: succeeded
              status 409, code run-already-finished, request POST /workspaces/shop/pipelines/web/runs/12/cancel, trace [0-9a-f]{32}
            $
            """, result.Error);
    }

    [Fact]
    public async Task Logs_OneJob_AreExactBytesOfTheNewestAttempt()
    {
        byte[] log = [.. "a\e[31mred\r\n"u8, 0xFF, 0x00, (byte)'x'];
        await using var server = await LogServerAsync(log);
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("run", "logs", "web", "12", "--job", "build.go");

        Assert.Equal(log, result.Bytes);
    }

    [Fact]
    public async Task Logs_AllJobs_PrefixesEveryLine()
    {
        await using var server = await LogServerAsync("one\ntwo"u8.ToArray());
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("run", "logs", "web", "12");

        Assert.Equal("build.go | one\nbuild.go | two\nbuild.go/2 | one\nbuild.go/2 | two\n", result.Output);
    }

    [Fact]
    public async Task LogsFollow_AllJobs_ShowsEachAttemptUntilTheRunIsOver()
    {
        await using var server = await LogServerAsync("hello\n"u8.ToArray());
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("run", "logs", "web", "12", "-f");

        Assert.Equal(["build.go | hello", "build.go/2 | hello"], result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    [Fact]
    public async Task LogsFollow_OneLogIsRefused_EndsWithThatError()
    {
        await using var server = await FakeServer.StartAsync(app =>
        {
            app.MapGet($"{Pipeline}/runs/12/events", async (HttpContext http) =>
            {
                await SendAsync(http, 1, EventTypes.AttemptChanged, Samples.Attempt("build.go", AttemptState.Running));
                await http.Response.Body.FlushAsync();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            });
            app.MapGet($"{Pipeline}/runs/12/jobs/build.go/attempts/1/log", () =>
                Results.Json(Samples.Problem(404, "not-found", "No such log."), statusCode: 404));
        });
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("run", "logs", "web", "12", "-f");

        Assert.Equal((ExitCodes.Failed, "error: No such log.\n"), (result.Code, result.Error));
    }

    [Fact]
    public async Task List_Json_IsTheServersDocumentWithFieldsThisProgramDoesNotKnow()
    {
        var run = ContractJson.Write(Samples.RunIn(RunState.Running)).Insert(1, "\"future\":\"field\",");
        await using var server = await FakeServer.StartAsync(app =>
            app.MapGet($"{Pipeline}/runs", () => Results.Text($$"""{"items":[{{run}}],"nextCursor":"c2"}""", "application/json")));
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("run", "list", "web", "-o", "json");

        var root = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal("field", root.GetProperty("items")[0].GetProperty("future").GetString());
        Assert.Equal(("c2", ""), (root.GetProperty("nextCursor").GetString(), result.Error));
    }

    private static Task<FakeServer> FollowedServerAsync(RunState end) => FakeServer.StartAsync(app =>
    {
        var gate = Samples.Stage("release", StageState.Waiting) with { Gate = new GateSpec("Release?", [], []) };
        var final = Samples.RunIn(end, Samples.Stage("build", StageState.Failed, "go"), gate);
        app.MapPost($"{Pipeline}/runs", () => FakeServer.Json(Samples.RunIn(RunState.Preparing)));
        app.MapGet($"{Pipeline}/runs/12", () => FakeServer.Json(final));
        app.MapGet($"{Pipeline}/runs/12/attempts", () => FakeServer.Json(new { items = Array.Empty<AttemptView>() }));
        app.MapGet($"{Pipeline}/runs/12/events", async (HttpContext http) =>
        {
            var started = Samples.RunIn(RunState.Running, Samples.Stage("build", StageState.Pending, "go"), Samples.Stage("release", StageState.Pending));
            await SendAsync(http, 1, EventTypes.RunCreated, started);
            await SendAsync(http, 2, EventTypes.RunChanged, started);
            await SendAsync(http, 3, EventTypes.StageChanged, Samples.Stage("build", StageState.Running, "go"));
            await SendAsync(http, 4, EventTypes.AttemptChanged, Samples.Attempt("build.go", AttemptState.Queued));
            await SendAsync(http, 5, EventTypes.AttemptChanged, Samples.Attempt("build.go", AttemptState.Failed, 1, Reasons.StepFailed, 3, "go\e[2J"));
            await SendAsync(http, 6, EventTypes.StageChanged, gate);
            await SendAsync(http, 7, "of.a.newer.server", new { });
            await SendAsync(http, 8, EventTypes.RunChanged, final);
            await FakeServer.SendEventAsync(http, "end", 8, new { state = "x" });
        });
    });

    private static Task<FakeServer> LogServerAsync(byte[] log) => FakeServer.StartAsync(app =>
    {
        AttemptView[] attempts = [Samples.Attempt("build.go", AttemptState.Lost), Samples.Attempt("build.go", AttemptState.Succeeded, 2)];
        app.MapGet($"{Pipeline}/runs/12/attempts", () => FakeServer.Json(new { items = attempts }));
        app.MapGet($"{Pipeline}/runs/12/events", async (HttpContext http) =>
        {
            await SendAsync(http, 1, EventTypes.AttemptChanged, attempts[0]);
            await SendAsync(http, 2, EventTypes.AttemptChanged, attempts[1]);
            await FakeServer.SendEventAsync(http, "end", 2, new { state = "succeeded" });
        });
        app.MapGet($"{Pipeline}/runs/12/jobs/build.go/attempts/{{k}}/log", async (HttpContext http) =>
        {
            if (http.Request.Query["follow"] == "true")
            {
                await FakeServer.SendEventAsync(http, "log", log.Length, new { offset = 0, next = log.Length, text = Encoding.UTF8.GetString(log) });
                await FakeServer.SendEventAsync(http, "end", log.Length, new { length = log.Length, complete = true });
                return;
            }

            var from = (int)http.Request.GetTypedHeaders().Range!.Ranges.Single().From!;
            http.Response.StatusCode = from < log.Length ? 206 : 416;
            await http.Response.Body.WriteAsync(log.AsMemory(Math.Min(from, log.Length)));
        });
    });

    private static Task SendAsync<T>(HttpContext http, long sequence, string type, T data) =>
        FakeServer.SendEventAsync(http, type, sequence, new { sequence, type, at = Samples.T0, by = Samples.Alice, data });
}
