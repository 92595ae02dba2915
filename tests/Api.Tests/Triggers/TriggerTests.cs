using Control.Contracts.Triggers;

namespace Control.Api.Tests.Triggers;

public sealed class TriggerTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Triggers = "workspaces/team/pipelines/web/triggers";

    [Fact]
    public async Task PauseAndResume_ReachTheTriggerAndShowIt()
    {
        using var admin = host.Client(host.Admin);
        var paused = await (await admin.PutAsync($"{Triggers}/nightly/pause", Requests.Json("""{"reason":"holidays"}"""))).JsonAsync();
        Assert.Equal("holidays", paused.GetProperty("triggers")[0].GetProperty("pause").GetProperty("reason").GetString());
        var command = host.Grains.Commands.OfType<PauseTrigger>().Last();
        Assert.Equal(("nightly", true, "admin"), (command.Name, command.Hold.Held, command.Hold.By.Name));
        Assert.Equal(HttpStatusCode.OK, (await admin.DeleteAsync($"{Triggers}/nightly/pause")).StatusCode);
        Assert.False(host.Grains.Commands.OfType<PauseTrigger>().Last().Hold.Held);
        Assert.Equal("nightly", (await (await admin.GetAsync(Triggers)).JsonAsync()).GetProperty("triggers")[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task Get_NoPipeline_IsNotFound()
    {
        using var admin = host.Client(host.Admin);
        await (await admin.GetAsync("workspaces/team/pipelines/nosuch/triggers")).ProblemAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Pause_ByAReader_IsForbidden()
    {
        using var reader = host.Client(await host.Seed.TokenAsync("triggers-reader", ApiHost.Later, [Scopes.Read], "team"));
        await (await reader.PutAsync($"{Triggers}/nightly/pause", Requests.Json("{}"))).ProblemAsync(HttpStatusCode.Forbidden);
    }
}
