using Control.Contracts.Retention;

namespace Control.Api.Tests.Retention;

public sealed class RetentionTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Runs = "workspaces/team/pipelines/web/runs";

    [Theory]
    [InlineData("""{"keep":20}""", 20, 0, 1)]
    [InlineData("""{"ageSeconds":86400,"keepSucceeded":0}""", 0, 86400, 0)]
    [InlineData("""{"keep":1,"ageSeconds":3600,"keepSucceeded":3}""", 1, 3600, 3)]
    public async Task SetPolicy_Right_ReachesTheWorkspace(string body, int keep, int age, int succeeded)
    {
        // Of the workspace's own administrator.
        using var admin = host.Client(await host.Seed.TokenAsync($"team-admin-{keep}-{age}", ApiHost.Later, [Scopes.Admin], "team"));
        Assert.Equal(HttpStatusCode.OK, (await admin.PutAsync("workspaces/team/retention", Requests.Json(body))).StatusCode);
        Assert.Equal(new RetentionPolicy(keep, age, succeeded), host.Grains.Commands.OfType<SetRetention>().Last().Policy);
        Assert.Equal(HttpStatusCode.OK, (await admin.DeleteAsync("workspaces/team/retention")).StatusCode);
        Assert.Null(host.Grains.Commands.OfType<SetRetention>().Last().Policy);
    }

    [Theory]
    [InlineData("""{}""", "keep")]
    [InlineData("""{"keepSucceeded":2}""", "keep")]
    [InlineData("""{"keep":0}""", "keep")]
    [InlineData("""{"keep":10001}""", "keep")]
    [InlineData("""{"ageSeconds":3599}""", "ageSeconds")]
    [InlineData("""{"ageSeconds":315360001}""", "ageSeconds")]
    [InlineData("""{"keep":1,"keepSucceeded":-1}""", "keepSucceeded")]
    public async Task SetPolicy_Wrong_NamesTheField(string body, string field)
    {
        using var admin = host.Client(host.Admin);
        var problem = await (await admin.PutAsync("workspaces/team/retention", Requests.Json(body))).ProblemAsync(HttpStatusCode.BadRequest);
        Assert.Equal(field, problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task Prune_ByAPolicy_PassedOnAndTold()
    {
        using var admin = host.Client(host.Admin);
        var answer = await (await admin.PostAsync($"{Runs}/prune", Requests.Json("""{"ageSeconds":86400,"dryRun":true,"from":9,"limit":200}"""))).JsonAsync();
        Assert.Equal(
            """{"runs":[{"run":"team/web/3","state":"failed","finishedAt":"2026-01-02T03:04:05+00:00","rule":"age","logBytes":5}],"next":4,"policy":{"keep":0,"ageSeconds":86400,"keepSucceeded":1},"dryRun":true}""",
            answer.GetRawText());
        var command = host.Grains.Commands.OfType<PruneRuns>().Last();
        Assert.Equal((9L, 200, true, "admin"), (command.From, command.Limit, command.DryRun, command.By.Name));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    public async Task Prune_WithoutAPolicy_IsByTheOneInForce(string body)
    {
        using var admin = host.Client(host.Admin);
        Assert.Equal(HttpStatusCode.OK, (await admin.PostAsync($"{Runs}/prune", body.Length == 0 ? null : Requests.Json(body))).StatusCode);
        var command = host.Grains.Commands.OfType<PruneRuns>().Last();
        Assert.Equal((null, false, 1L, 50), (command.Policy, command.DryRun, command.From, command.Limit));
    }

    [Theory]
    [InlineData("""{"keep":0}""", "keep")]
    [InlineData("""{"keepSucceeded":2}""", "keepSucceeded")]
    [InlineData("""{"ageSeconds":1}""", "ageSeconds")]
    [InlineData("""{"keep":1,"from":0}""", "from")]
    [InlineData("""{"keep":1,"limit":201}""", "limit")]
    [InlineData("""{"keep":1,"limit":0}""", "limit")]
    public async Task Prune_Wrong_NamesTheFieldAndReachesNothing(string body, string field)
    {
        using var admin = host.Client(host.Admin);
        var before = host.Grains.Commands.OfType<PruneRuns>().Count();
        var problem = await (await admin.PostAsync($"{Runs}/prune", Requests.Json(body))).ProblemAsync(HttpStatusCode.BadRequest);
        Assert.Equal([field], problem.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("field").GetString()));
        Assert.Equal(before, host.Grains.Commands.OfType<PruneRuns>().Count());
    }

    [Fact]
    public async Task Prune_OfAPipelineThatIsNotThere_Answers404()
    {
        using var admin = host.Client(host.Admin);
        await (await admin.PostAsync("workspaces/team/pipelines/none/runs/prune", Requests.Json("""{"keep":1}"""))).ProblemAsync(HttpStatusCode.NotFound, "not-found");
        Assert.DoesNotContain("team/none Prune", host.Grains.Calls);
    }

    [Fact]
    public async Task KeepAndUnkeep_ReachTheRun()
    {
        using var admin = host.Client(host.Admin);
        await admin.PutAsync($"{Runs}/1/keep", Requests.Json("""{"reason":"release 1.0"}"""));
        Assert.Equal("release 1.0", host.Grains.Commands.OfType<KeepRun>().Last().Reason);
        Assert.Equal(HttpStatusCode.OK, (await admin.DeleteAsync($"{Runs}/1/keep")).StatusCode);
        Assert.Contains("team/web/1 Unkeep", host.Grains.Calls);
        await (await admin.PutAsync($"{Runs}/777/keep", Requests.Json("{}"))).ProblemAsync(HttpStatusCode.NotFound);
        var problem = await (await admin.PutAsync($"{Runs}/1/keep", Requests.Json($$"""{"reason":"{{new string('x', 1001)}}"}"""))).ProblemAsync(HttpStatusCode.BadRequest);
        Assert.Equal("reason", problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task Events_OfAPipeline_ToldFromANumberOn()
    {
        await host.Seed.PutAsync(
            new SubjectKey(SubjectKinds.Retention, "team/web"), _ => new RetentionView(PipelineId.Parse("team/web"), 2, Seed.Then), events: [Seed.Event(1), Seed.Event(2)]);
        using var admin = host.Client(host.Admin);
        var list = await (await admin.GetAsync("workspaces/team/pipelines/web/retention/events?after=1")).JsonAsync();
        Assert.Equal(2, Assert.Single(list.GetProperty("items").EnumerateArray()).GetProperty("sequence").GetInt64());
        await (await admin.GetAsync("workspaces/team/pipelines/none/retention/events")).ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    [Theory]
    [InlineData(null, null, "nobody 0")]
    [InlineData(null, 5, "workspace 5")]
    [InlineData(3, 5, "pipeline 3")]
    [InlineData(0, 5, "pipeline 0")]
    public async Task Get_PoliciesOfBoth_ThePipelinesOwnHolds(int? own, int? workspace, string expected)
    {
        var id = PipelineId.Parse("kept/web");
        await host.Seed.PutAsync(
            new SubjectKey(SubjectKinds.Workspace, "kept"),
            v => new WorkspaceView("kept", "", Seed.Then, Seed.Someone, v, Retention: workspace is { } n ? new RetentionPolicy(n, 0) : null));
        await host.Seed.PutAsync(
            new SubjectKey(SubjectKinds.Pipeline, id.ToString()),
            v => new PipelineView(id, "", v, Seed.Then, Seed.Then, Seed.Someone, 0, v, own is { } n ? new RetentionPolicy(n, 0) : null));
        await host.Seed.PutAsync(new SubjectKey(SubjectKinds.Retention, id.ToString()), _ => new RetentionView(id, 12, Seed.Then));

        using var admin = host.Client(host.Admin);
        var info = await (await admin.GetAsync("workspaces/kept/pipelines/web/retention")).JsonAsync();

        var source = info.TryGetProperty("source", out var who) ? who.GetString() : "nobody";
        var keep = info.TryGetProperty("policy", out var policy) ? policy.GetProperty("keep").GetInt32() : 0;
        Assert.Equal(expected, $"{source} {keep}");
        Assert.Equal(12, info.GetProperty("deleted").GetInt64());
    }
}
