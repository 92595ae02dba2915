using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.Contracts.Triggers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Control.Cli.Tests.Triggers;

public sealed class TriggerCommandTests
{
    private const string Path = "/api/v1/workspaces/shop/pipelines/web/triggers";
    private static readonly PipelineId Pipeline = new("shop", "web");

    [Fact]
    public async Task List_ShowsNextAndLast()
    {
        var ran = new TriggerTick(Samples.T0, new RunId(Pipeline, 7), null);
        var refused = new TriggerTick(Samples.T0, null, "The queue is full.");
        await using var server = await FakeServer.StartAsync(app => app.MapGet(Path, () => FakeServer.Json(new TriggersView(
            Pipeline,
            [Trigger("nightly", ran, null), Trigger("often", refused, null), Trigger("never", null, new Hold("holidays", Samples.Alice, Samples.T0))],
            3))));
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync(["trigger", "list", "web"]);

        Assert.Equal(0, result.Code);
        var lines = result.Output.Split('\n');
        Assert.Matches("^TRIGGER +CRON +ZONE +NEXT +LAST +RUN$", lines[0]);
        Assert.Matches(@"^nightly +30 2 \* \* \* +Europe/Berlin +2030-01-02 01:30:00Z .* 7$", lines[1]);
        Assert.Matches("^often .*The queue is full.$", lines[2]);
        Assert.Matches($"^never .*paused by {Samples.Alice.Name}: holidays", lines[3]);
    }

    [Fact]
    public async Task PauseAndResume_AskForIt()
    {
        var calls = new List<string>();
        await using var server = await FakeServer.StartAsync(app =>
        {
            app.MapPut($"{Path}/nightly/pause", async (HttpContext http) =>
            {
                calls.Add(await new StreamReader(http.Request.Body).ReadToEndAsync());
                return FakeServer.Json(new TriggersView(Pipeline, [Trigger("nightly", null, new Hold("holidays", Samples.Alice, Samples.T0))], 2));
            });
            app.MapDelete($"{Path}/nightly/pause", () =>
            {
                calls.Add("resume");
                return FakeServer.Json(new TriggersView(Pipeline, [Trigger("nightly", null, null)], 3));
            });
        });
        using var cli = new CliHarness().At(server);

        Assert.Contains("holidays", (await cli.RunAsync(["trigger", "pause", "web", "nightly", "--reason", "holidays"])).Output, StringComparison.Ordinal);
        Assert.Contains("2030-01-02", (await cli.RunAsync(["trigger", "resume", "web", "nightly"])).Output, StringComparison.Ordinal);
        Assert.Equal(["""{"reason":"holidays"}""", "resume"], calls);
    }

    private static TriggerView Trigger(string name, TriggerTick? last, Hold? pause) => new(
        name, "30 2 * * *", "Europe/Berlin", MissedTicks.Once, pause is null ? new DateTimeOffset(2030, 1, 2, 1, 30, 0, TimeSpan.Zero) : null, last, pause);
}
