namespace Control.Api.Tests.Runs;

public sealed class RunTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Runs = "workspaces/team/pipelines/web/runs";

    [Fact]
    public async Task Start_WithParameters_GivesTheRunAndPassesTheTrace()
    {
        using var admin = host.Client(host.Admin);
        var request = new HttpRequestMessage(HttpMethod.Post, Runs) { Content = Requests.Json("""{"parameters":{"TAG":"v1"},"ref":"main"}""") }
            .With("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        var started = await admin.SendAsync(request);
        Assert.Equal(HttpStatusCode.Created, started.StatusCode);
        var command = host.Grains.Commands.OfType<StartRun>().Last();
        Assert.Equal(("v1", "main", "admin"), (command.Parameters["TAG"], command.Ref, command.By.Id));
        Assert.StartsWith("00-0af7651916cd43dd8448eb211c80319c-", command.TraceParent, StringComparison.Ordinal);
        var run = await started.JsonAsync();
        var again = await (await admin.GetAsync(started.Headers.Location)).JsonAsync();
        Assert.Equal(run.GetProperty("id").GetString(), again.GetProperty("id").GetString());
    }

    [Theory]
    [InlineData("""{"parameters":{"A":1}}""", "parameters.A")]
    [InlineData("""{"parameters":[]}""", "parameters")]
    [InlineData("""{"parameters":{"A":null}}""", "parameters")]
    [InlineData("""{"ref":"--upload-pack=x"}""", "ref")]
    [InlineData("""{"ref":"a\r\nb"}""", "ref")]
    public async Task Start_WrongBody_NamesTheField(string body, string field)
    {
        using var admin = host.Client(host.Admin);
        var problem = await (await admin.PostAsync(Runs, Requests.Json(body))).ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
        Assert.Equal(field, problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task Gate_Decided_PassesTheDecision()
    {
        using var admin = host.Client(host.Admin);
        await admin.PostAsync($"{Runs}/1/stages/deploy/approve", Requests.Json("""{"comment":"fine","parameters":{"WHERE":"prod"}}"""));
        await admin.PostAsJsonAsync($"{Runs}/1/stages/deploy/reject", new { comment = "no" });
        var decisions = host.Grains.Commands.OfType<DecideGate>().TakeLast(2).ToList();
        Assert.Equal(("deploy", true, "fine", "prod"), (decisions[0].Stage, decisions[0].Approve, decisions[0].Comment, decisions[0].Parameters["WHERE"]));
        Assert.Equal((false, "no"), (decisions[1].Approve, decisions[1].Comment));
        await (await admin.PostAsync($"{Runs}/777/cancel", null)).ProblemAsync(HttpStatusCode.NotFound);
        Assert.DoesNotContain(host.Grains.Calls, call => call.StartsWith("team/web/777 Cancel", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Delete_OfARunThatIsThere_ReachesItsGrain()
    {
        using var admin = host.Client(host.Admin);
        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync($"{Runs}/1")).StatusCode);
        Assert.Contains("team/web/1 Delete", host.Grains.Calls);
        await (await admin.DeleteAsync($"{Runs}/777")).ProblemAsync(HttpStatusCode.NotFound);
        Assert.DoesNotContain("team/web/777 Delete", host.Grains.Calls);
    }

    [Theory]
    [InlineData("", "AfterFinally")]
    [InlineData("{}", "AfterFinally")]
    [InlineData("""{"mode":"now"}""", "Now")]
    [InlineData("""{"mode":"afterRunning"}""", "AfterRunning")]
    public async Task Cancel_Mode_PassedOn(string body, string mode)
    {
        using var admin = host.Client(host.Admin);
        var answer = await admin.PostAsync($"{Runs}/1/cancel", body.Length == 0 ? null : Requests.Json(body));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal($"team/web/1 Cancel {mode}", host.Grains.Calls.Last(call => call.Contains("Cancel", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Rerun_Request_PassedOn()
    {
        using var admin = host.Client(host.Admin);
        await admin.PostAsync($"{Runs}/1/rerun", Requests.Json("""{"stage":"deploy","parameters":{"A":"1"},"ref":"main"}"""));
        var command = host.Grains.Commands.OfType<Rerun>().Last();
        Assert.Equal(("deploy", "1", "main"), (command.Stage, command.Parameters["A"], command.Ref));
    }

    [Theory]
    [InlineData("cancel", """{"mode":"softly"}""", "mode")]
    [InlineData("cancel", """{"mode":"invalid"}""", "mode")]
    [InlineData("rerun", """{"stage":"../x"}""", "stage")]
    [InlineData("rerun", """{"ref":"--upload-pack=x"}""", "ref")]
    [InlineData("rerun", """{"parameters":{"A":1}}""", "parameters.A")]
    public async Task Command_WrongBody_NamesTheField(string command, string body, string field)
    {
        using var admin = host.Client(host.Admin);
        var problem = await (await admin.PostAsync($"{Runs}/1/{command}", Requests.Json(body))).ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
        Assert.Equal(field, problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task List_ByState_ShowsNewestFirst()
    {
        await host.Seed.PipelineAsync(new PipelineId("other", "lists"));
        await host.Seed.RunAsync(RunId.Parse("other/lists/1"), RunState.Failed);
        await host.Seed.RunAsync(RunId.Parse("other/lists/2"), RunState.Running);
        await host.Seed.RunAsync(RunId.Parse("other/lists/3"), RunState.Succeeded);
        using var admin = host.Client(host.Admin);
        Assert.Equal(["other/lists/3", "other/lists/2", "other/lists/1"], await IdsAsync("workspaces/other/runs"));
        Assert.Equal(["other/lists/3", "other/lists/1"], await IdsAsync("workspaces/other/pipelines/lists/runs?state=failed,succeeded"));

        async Task<IEnumerable<string>> IdsAsync(string url) =>
            [.. (await (await admin.GetAsync(url)).JsonAsync()).GetProperty("items").EnumerateArray().Select(r => r.GetProperty("id").GetString()!)];
    }
}
