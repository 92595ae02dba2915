namespace Control.Api.Tests.Workspaces;

public sealed class LimitTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Theory]
    [InlineData("""{"runningRuns":2,"queuedRuns":5,"logBytes":1048576}""", 2, 5, 1 << 20)]
    [InlineData("""{}""", 0, 0, 0)]
    public async Task SetLimits_Right_ReachesTheWorkspace(string body, int running, int queued, long log)
    {
        using var admin = host.Client(host.Admin);
        Assert.Equal(HttpStatusCode.OK, (await admin.PutAsync("workspaces/team/limits", Requests.Json(body))).StatusCode);
        Assert.Equal(new WorkspaceLimits(running, queued, log), host.Grains.Commands.OfType<SetLimits>().Last().Limits);
    }

    [Theory]
    [InlineData("""{"runningRuns":0}""", "runningRuns")]
    [InlineData("""{"runningRuns":1001}""", "runningRuns")]
    [InlineData("""{"queuedRuns":5}""", "queuedRuns")]
    [InlineData("""{"runningRuns":1,"queuedRuns":10001}""", "queuedRuns")]
    [InlineData("""{"logBytes":1}""", "logBytes")]
    public async Task SetLimits_Wrong_NamesTheField(string body, string field)
    {
        using var admin = host.Client(host.Admin);
        var problem = await (await admin.PutAsync("workspaces/team/limits", Requests.Json(body))).ProblemAsync(HttpStatusCode.BadRequest);
        Assert.Equal(field, problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task SetLimits_ByTheWorkspacesOwnAdministrator_IsForbidden()
    {
        var token = await host.Seed.TokenAsync("team-admin", ApiHost.Later, [Scopes.Admin], "team");
        using var own = host.Client(token);
        await (await own.PutAsync("workspaces/team/limits", Requests.Json("{}"))).ProblemAsync(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Hold_ThenResume_ReachesTheWorkspace()
    {
        using var admin = host.Client(host.Admin);
        await admin.PutAsync("workspaces/team/hold", Requests.Json("""{"reason":"Maintenance"}"""));
        Assert.Equal((true, "Maintenance"), (Last.Held, Last.Reason));
        await admin.DeleteAsync("workspaces/team/hold");
        Assert.False(Last.Held);
    }

    [Theory]
    [InlineData("linux,gpu", "gpu,linux")]
    [InlineData("*", "*")]
    public async Task HoldPool_Labels_NameThePoolHoweverTheyAreOrdered(string labels, string pool)
    {
        using var admin = host.Client(host.Admin);
        var view = await (await admin.PutAsync($"pools/{labels}/hold", Requests.Json("{}"))).JsonAsync();
        Assert.Equal(pool, view.GetProperty("key").GetString());
        var listed = await (await admin.GetAsync("pools")).JsonAsync();
        Assert.Contains(listed.GetProperty("items").EnumerateArray(), item => item.GetProperty("key").GetString() == pool);
    }

    [Fact]
    public async Task HoldPool_NoLabels_Answers404()
    {
        using var admin = host.Client(host.Admin);
        await (await admin.PutAsync("pools/Not@Label/hold", Requests.Json("{}"))).ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    private SetHold Last => host.Grains.Commands.OfType<SetHold>().Last();
}
