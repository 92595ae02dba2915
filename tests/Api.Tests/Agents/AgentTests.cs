using Control.Api.Agents;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Api.Tests.Agents;

public sealed class AgentTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static readonly AttemptId Attempt = AttemptId.Parse("team/web/1/build.compile/1");

    [Fact]
    public async Task Join_WithATokenJustMade_GivesAnAgentThatMayPoll()
    {
        using var admin = host.Client(host.Admin);
        using var stranger = host.Client(null);
        var made = await (await admin.PostAsJsonAsync("agents/join-tokens", new { expiresInSeconds = 60 })).JsonAsync();
        Assert.Equal(64, made.GetProperty("token").GetString()!.Split('.')[2].Length);
        var (id, secret, own) = (made.GetProperty("token").GetString()!.Split('.')[0]["cjt_".Length..], made.GetProperty("token").GetString()!.Split('.')[1], BearerTokens.NewSecret());
        var joined = await stranger.PostAsync("agent/join", JsonContent.Create(new JoinRequest(id, secret, own, "builder", ["linux"], 2, "0.1.0"), options: ContractJson.Options));
        Assert.Equal(HttpStatusCode.OK, joined.StatusCode);
        var agent = (await joined.JsonAsync()).GetProperty("agentId").GetString();
        Assert.Equal("admin", host.Grains.Commands.OfType<RegisterAgent>().Last().By.Id);

        using var client = host.Client($"cta_{agent}.{own}");
        Assert.Equal(HttpStatusCode.OK, (await PollAsync(client)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync($"agents/{agent}")).StatusCode);
        await (await PollAsync(client)).ProblemAsync(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Join_WrongSecret_Answers401AndWakesNoGrain()
    {
        using var admin = host.Client(host.Admin);
        using var stranger = host.Client(null);
        var made = await (await admin.PostAsJsonAsync("agents/join-tokens", new { })).JsonAsync();
        var id = made.GetProperty("token").GetString()!.Split('.')[0]["cjt_".Length..];
        var request = new JoinRequest(id, BearerTokens.NewSecret(), BearerTokens.NewSecret(), "builder", [], 1, "0.1.0");
        await (await stranger.PostAsync("agent/join", JsonContent.Create(request, options: ContractJson.Options))).ProblemAsync(HttpStatusCode.Unauthorized, "bad-join-token");
        Assert.DoesNotContain($"{id} Redeem", host.Grains.Calls);
        await (await stranger.PostAsync("agent/join", Requests.Json("{}"))).ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
    }

    [Fact]
    public async Task Poll_WithTheStoresIncarnation_IsServedAndToldIt()
    {
        using var agent = host.Client(host.Agent);
        var incarnation = Assert.Single((await PollAsync(agent)).Headers.GetValues(IncarnationFilter.Header));
        agent.DefaultRequestHeaders.Add(IncarnationFilter.Header, incarnation);
        Assert.Equal(HttpStatusCode.OK, (await PollAsync(agent)).StatusCode);
    }

    [Fact]
    public async Task Join_TooOften_Answers429()
    {
        var own = new ApiHost { Configure = o => o.JoinsPerMinute = 1 };
        await own.InitializeAsync();
        using (var stranger = own.Client(null))
        {
            await (await stranger.PostAsync("agent/join", Requests.Json("{}"))).ProblemAsync(HttpStatusCode.BadRequest);
            await (await stranger.PostAsync("agent/join", Requests.Json("{}"))).ProblemAsync(HttpStatusCode.TooManyRequests, "too-many-requests");
        }

        await own.DisposeAsync();
    }

    [Fact]
    public async Task Poll_WorkWithSecrets_GetsValuesAndTheNamesOfMissingOnes()
    {
        var own = new ApiHost();
        await own.InitializeAsync();
        own.Grains.Orders = new AgentOrders([Work()], [new LeaseRef(Attempt, 3)], []);
        using (var admin = own.Client(own.Admin))
        using (var agent = own.Client(own.Agent))
        {
            await admin.PutAsync("workspaces/team/secrets/registry", Requests.Json("""{"kind":"password","user":"me","password":"pw"}"""));
            await admin.PutAsync("workspaces/team/secrets/deploy-key", Requests.Json("""{"kind":"sshKey","text":"PEM"}"""));
            var orders = ContractJson.Read<AgentOrdersMessage>(await (await PollAsync(agent)).Content.ReadAsStringAsync());
            var message = Assert.Single(orders.Start);
            Assert.Equal([KeyValuePair.Create("PASS", "pw"), KeyValuePair.Create("USER", "me")], message.SecretValues);
            Assert.Equal("deploy-key,gone", string.Join(',', message.MissingSecrets));
            Assert.Equal((new SecretValue("PEM"), SecretKind.SshKey), (message.SourceCredential, message.SourceCredentialKind));
            Assert.Single(orders.Stop);
        }

        await own.DisposeAsync();
    }

    [Fact]
    public async Task Poll_SecretOfThePipeline_ComesBeforeItsWorkspacesAndNotToOthers()
    {
        var own = new ApiHost();
        await own.InitializeAsync();
        var other = Work() with { Attempt = AttemptId.Parse("team/other/1/build.compile/1") };
        own.Grains.Orders = new AgentOrders([Work(), other], [], []);
        using (var admin = own.Client(own.Admin))
        using (var agent = own.Client(own.Agent))
        {
            await admin.PutAsync("workspaces/team/secrets/registry", Requests.Json("""{"kind":"password","user":"me","password":"pw"}"""));
            await admin.PutAsync("workspaces/team/pipelines/web/secrets/registry", Requests.Json("""{"kind":"password","user":"web","password":"own"}"""));
            await admin.PutAsync("workspaces/team/pipelines/web/secrets/deploy-key", Requests.Json("""{"kind":"sshKey","text":"PEM"}"""));
            var orders = ContractJson.Read<AgentOrdersMessage>(await (await PollAsync(agent)).Content.ReadAsStringAsync());
            var (web, stranger) = (orders.Start[0], orders.Start[1]);
            Assert.Equal([KeyValuePair.Create("PASS", "own"), KeyValuePair.Create("USER", "web")], web.SecretValues);
            Assert.Equal(new SecretValue("PEM"), web.SourceCredential);
            Assert.Equal([KeyValuePair.Create("PASS", "pw"), KeyValuePair.Create("USER", "me")], stranger.SecretValues);
            Assert.Equal((null, "deploy-key,gone"), (stranger.SourceCredential, string.Join(',', stranger.MissingSecrets)));
        }

        await own.DisposeAsync();
    }

    [Fact]
    public async Task Poll_SecretMovedToAnotherPlace_IsNotOpenedThereNorReplaced()
    {
        var own = new ApiHost();
        await own.InitializeAsync();
        own.Grains.Orders = new AgentOrders([Work()], [], []);
        using (var admin = own.Client(own.Admin))
        using (var agent = own.Client(own.Agent))
        {
            await admin.PutAsync("workspaces/team/secrets/registry", Requests.Json("""{"kind":"password","user":"me","password":"pw"}"""));
            var moved = own.Grains.Commands.OfType<PutSecret>().Last();
            await own.App.Services.GetRequiredService<Orleans.IGrainFactory>().GetGrain<IPipelineGrain>("team/web").PutSecret(moved);
            var orders = ContractJson.Read<AgentOrdersMessage>(await (await PollAsync(agent)).Content.ReadAsStringAsync());
            Assert.Empty(orders.Start[0].SecretValues);
            Assert.Contains("registry", orders.Start[0].MissingSecrets);
        }

        await own.DisposeAsync();
    }

    [Fact]
    public async Task Poll_MoreWorkThanFits_LeavesSomeBehindAndGivesUpTheHopeless()
    {
        var own = new ApiHost();
        await own.InitializeAsync();
        own.Grains.Orders = new AgentOrders([Large(1, 9), Large(2, 3), Large(3, 3), Large(4, 3)], [], []);
        using (var agent = own.Client(own.Agent))
        {
            var orders = ContractJson.Read<AgentOrdersMessage>(await (await PollAsync(agent)).Content.ReadAsStringAsync());
            Assert.Equal([2, 3], orders.Start.Select(s => s.Assignment.Attempt.Number));
            var report = Assert.Single(own.Grains.Commands.OfType<AttemptReport>());
            Assert.Equal((1, 4, "agent-1", ReportKind.Failed), (report.Attempt.Number, report.Lease, report.Agent.Value, report.Kind));
        }

        await own.DisposeAsync();
    }

    [Fact]
    public async Task Poll_ServerStops_IsSentAwayAtOnce()
    {
        var own = new ApiHost();
        await own.InitializeAsync();
        var parked = new TaskCompletionSource();
        own.Grains.Before = _ =>
        {
            parked.TrySetResult();
            return new TaskCompletionSource().Task;
        };
        using (var agent = own.Client(own.Agent))
        {
            var poll = PollAsync(agent);
            await parked.Task;
            own.App.Lifetime.StopApplication();
            await (await poll).ProblemAsync(HttpStatusCode.ServiceUnavailable, "stopping");
        }

        await own.DisposeAsync();
    }

    [Theory]
    [InlineData("""{"bootId":"b","sequence":1,"free":1,"wait":"00:00:00"}""", "holding")]
    [InlineData("""{"bootId":"b","sequence":1,"free":1,"holding":[],"wait":"01:00:00"}""", "wait")]
    [InlineData("""{"bootId":"b","sequence":1,"free":-1,"holding":[],"wait":"00:00:00"}""", "free")]
    [InlineData("""{"bootId":"b","sequence":1,"free":1,"holding":[{"lease":1}],"wait":"00:00:00"}""", "holding")]
    [InlineData("""{"bootId":1}""", "bootId")]
    public async Task Poll_Wrong_NamesTheField(string body, string field)
    {
        using var agent = host.Client(host.Agent);
        var problem = await (await agent.PostAsync("agent/poll", Requests.Json(body))).ProblemAsync(HttpStatusCode.BadRequest);
        Assert.Equal(field, problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task Report_NameOfAnotherAgent_IsOverwritten()
    {
        await host.Seed.RunAsync(Attempt.Run, children: [Seed.Attempt(Attempt, AttemptState.Running, "agent-1", 4)]);
        using var agent = host.Client(host.Agent);
        Assert.Equal(HttpStatusCode.NoContent, (await agent.PostAsync("agent/reports", Report(Attempt, "somebody-else"))).StatusCode);
        Assert.Equal("agent-1", host.Grains.Commands.OfType<AttemptReport>().Last().Agent.Value);
    }

    [Fact]
    public async Task Report_LargestOutputs_AreTaken()
    {
        await host.Seed.RunAsync(Attempt.Run, children: [Seed.Attempt(Attempt, AttemptState.Running, "agent-1", 4)]);
        using var agent = host.Client(host.Agent);

        // Four of 32 KiB, which is what a job may report, of a character that JSON writes as six.
        var outputs = Enumerable.Range(0, 4).ToImmutableSortedDictionary(i => $"K{i}", _ => new string('"', 32 * 1024));
        Assert.Equal(HttpStatusCode.NoContent, (await agent.PostAsync("agent/reports", Ended(outputs))).StatusCode);
        var problem = await (await agent.PostAsync("agent/reports", Ended(outputs.SetItem("K0", new string('x', (32 * 1024) + 1))))).ProblemAsync(HttpStatusCode.BadRequest);
        Assert.Equal("outputs", problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task Report_OfAnothersAttempt_Answers409AndReachesNoRun()
    {
        var foreign = AttemptId.Parse("team/web/31/build.compile/1");
        await host.Seed.RunAsync(foreign.Run, children: [Seed.Attempt(foreign, AttemptState.Running, "agent-2", 4)]);
        using var agent = host.Client(host.Agent);
        await (await agent.PostAsync("agent/reports", Report(foreign, "agent-2"))).ProblemAsync(HttpStatusCode.Conflict, "stale-lease");
        Assert.DoesNotContain("team/web/31 Report", host.Grains.Calls);
    }

    [Theory]
    [InlineData(RefusalKind.Conflict, HttpStatusCode.Conflict)]
    [InlineData(RefusalKind.NotFound, HttpStatusCode.Conflict)]
    [InlineData(RefusalKind.Forbidden, HttpStatusCode.Conflict)]
    [InlineData(RefusalKind.BadRequest, HttpStatusCode.BadRequest)]
    public async Task Report_Refused_TellsTheAgentWhatToDo(RefusalKind kind, HttpStatusCode status)
    {
        var own = new ApiHost();
        await own.InitializeAsync();
        await own.Seed.RunAsync(Attempt.Run, children: [Seed.Attempt(Attempt, AttemptState.Running, "agent-1", 4)]);
        own.Grains.Refusal = new Refusal(kind, "why", "Because.", null, []);
        using (var agent = own.Client(own.Agent))
        {
            await (await agent.PostAsync("agent/reports", Report(Attempt, "agent-1"))).ProblemAsync(status, "why");
        }

        await own.DisposeAsync();
    }

    [Fact]
    public async Task Logs_Chunks_AreTakenOnlyAtTheEnd()
    {
        var attempt = AttemptId.Parse("team/web/32/build.compile/1");
        await host.Seed.RunAsync(attempt.Run, children: [Seed.Attempt(attempt, AttemptState.Running, "agent-1", 4)]);
        using var agent = host.Client(host.Agent);
        Assert.Equal(3, (await (await ChunkAsync(agent, attempt, 4, 0, "abc")).JsonAsync()).GetProperty("length").GetInt64());
        Assert.Equal(3, (await (await ChunkAsync(agent, attempt, 4, 0, "abc")).JsonAsync()).GetProperty("length").GetInt64());
        var gap = await (await ChunkAsync(agent, attempt, 4, 9, "x")).ProblemAsync(HttpStatusCode.Conflict, "log-offset");
        Assert.Equal(3, gap.GetProperty("length").GetInt64());
        using var admin = host.Client(host.Admin);
        Assert.Equal("abc", await admin.GetStringAsync("workspaces/team/pipelines/web/runs/32/jobs/build.compile/attempts/1/log"));
    }

    [Theory]
    [InlineData("agent-1", 3, AttemptState.Running)]
    [InlineData("agent-2", 4, AttemptState.Running)]
    [InlineData("agent-1", 4, AttemptState.Lost)]
    public async Task Logs_LeaseDoesNotHold_Answers410(string holder, long fence, AttemptState state)
    {
        var attempt = AttemptId.Parse($"team/web/33/build.compile/{fence + (int)state}");
        await host.Seed.RunAsync(attempt.Run, children: [Seed.Attempt(attempt, state, holder, fence)]);
        using var agent = host.Client(host.Agent);
        await (await ChunkAsync(agent, attempt, 4, 0, "abc")).ProblemAsync(HttpStatusCode.Gone, "stale-lease");
        Assert.Equal(0, await host.Logs.LengthAsync(attempt));
    }

    [Fact]
    public async Task Logs_TooLargeOrBeyondTheLimit_Answers413()
    {
        var attempt = AttemptId.Parse("team/web/34/build.compile/1");
        await host.Seed.RunAsync(attempt.Run, children: [Seed.Attempt(attempt, AttemptState.Running, "agent-1", 4)]);
        using var agent = host.Client(host.Agent).AskingFirst();
        await (await ChunkAsync(agent, attempt, 4, 0, new string('x', AgentWireRoutes.MaxChunk + 1))).ProblemAsync(HttpStatusCode.RequestEntityTooLarge);
        await (await ChunkAsync(agent, attempt, 4, long.MaxValue - 5, "x")).ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "too-large");
        await (await agent.PostAsync("agent/logs?attempt=..%2f..&lease=1&offset=0", Bytes("x"))).ProblemAsync(HttpStatusCode.BadRequest);
        await (await agent.PostAsync($"agent/logs?attempt={attempt}&lease=1", Bytes("x"))).ProblemAsync(HttpStatusCode.BadRequest);
    }

    private static Assignment Work() => new(
        Attempt, 4, new AgentId("agent-1"), [],
        [new SecretEnv("USER", "registry", "user"), new SecretEnv("PASS", "registry", "password"), new SecretEnv("X", "gone", "text"), new SecretEnv("Y", "deploy-key", "user")],
        [new StepSpec("s", "true", "sh", "", [], 0)], [], new CheckoutSpec("https://git.example/x", "main", "abc", 1, "deploy-key"), 60, 120, 1 << 20, null);

    private static Assignment Large(int number, int mebibytes) => new(
        Attempt with { Number = number }, 4, new AgentId("agent-1"), [new Control.Contracts.Pipelines.EnvVar("A", new string('x', mebibytes << 20))],
        [], [], [], null, 60, 120, 1 << 20, null);

    private static Task<HttpResponseMessage> PollAsync(HttpClient agent) =>
        agent.PostAsync("agent/poll", JsonContent.Create(new AgentPoll("boot", 1, 1, [], TimeSpan.Zero), options: ContractJson.Options));

    private static JsonContent Report(AttemptId attempt, string agent) => JsonContent.Create(
        new AttemptReport(attempt, 4, new AgentId(agent), ReportKind.Started, null, null, null, ImmutableSortedDictionary<string, string>.Empty, 0), options: ContractJson.Options);

    private static JsonContent Ended(ImmutableSortedDictionary<string, string> outputs) => JsonContent.Create(
        new AttemptReport(Attempt, 4, new AgentId("agent-1"), ReportKind.Succeeded, null, null, 0, outputs, 0), options: ContractJson.Options);

    private static Task<HttpResponseMessage> ChunkAsync(HttpClient agent, AttemptId attempt, long lease, long offset, string text) =>
        agent.PostAsync($"agent/logs?attempt={Uri.EscapeDataString(attempt.ToString())}&lease={lease}&offset={offset}", Bytes(text));

    private static ByteArrayContent Bytes(string text)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(text));
        content.Headers.ContentType = new("application/octet-stream");
        return content;
    }
}
