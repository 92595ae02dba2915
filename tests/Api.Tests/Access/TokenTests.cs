namespace Control.Api.Tests.Access;

public sealed class TokenTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Create_Asked_GivesATokenThatWorksUntilRevoked()
    {
        using var admin = host.Client(host.Admin);
        var created = await admin.PostAsJsonAsync("tokens", new { name = "ci", scopes = new[] { "read" }, workspaces = new[] { "team" }, expiresInDays = 30 });
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        var body = await created.JsonAsync();
        var id = body.GetProperty("view").GetProperty("id").GetString();
        Assert.Equal($"/api/v1/tokens/{id}", created.Headers.Location!.ToString());

        using var client = host.Client(body.GetProperty("token").GetString());
        var who = await (await client.GetAsync("whoami")).JsonAsync();
        Assert.Equal(("ci", "read", "team"), (who.GetProperty("name").GetString(), who.GetProperty("scopes")[0].GetString(), who.GetProperty("workspaces")[0].GetString()));

        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync($"tokens/{id}")).StatusCode);
        await (await client.GetAsync("whoami")).ProblemAsync(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Create_EverythingWrong_NamesAllFieldsAtOnce()
    {
        using var admin = host.Client(host.Admin);
        var content = Requests.Json("""{"name":"NO","scopes":["root"],"workspaces":"team","expiresInDays":0,"extra":1}""");
        var problem = await (await admin.PostAsync("tokens", content)).ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
        var fields = problem.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("field").GetString()).Order();
        Assert.Equal(["expiresInDays", "extra", "name", "scopes", "workspaces"], fields);
    }

    [Fact]
    public async Task List_BoundToken_ShowsOnlyItsWorkspaces()
    {
        using var bound = host.Client(await host.Seed.TokenAsync("bound-list", ApiHost.Later, [Scopes.Read], "other"));
        var list = await (await bound.GetAsync("workspaces")).JsonAsync();
        Assert.Equal(["other"], list.GetProperty("items").EnumerateArray().Select(w => w.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task SignIn_TooManyFailuresFromOneAddress_Answers429ButKnownTokensPass()
    {
        var strict = new ApiHost { Configure = o => o.FailedSignInsPerMinute = 3 };
        await strict.InitializeAsync();
        using (var admin = strict.Client(strict.Admin))
        using (var guesser = strict.Client("ctt_guess.x"))
        {
            Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("whoami")).StatusCode);
            for (var i = 0; i < 3; i++)
            {
                await (await guesser.GetAsync("whoami")).ProblemAsync(HttpStatusCode.Unauthorized);
            }

            using var other = strict.Client("ctt_another.x");
            var refused = await other.GetAsync("whoami");
            await refused.ProblemAsync(HttpStatusCode.TooManyRequests, "too-many-failures");
            Assert.NotNull(refused.Headers.RetryAfter);
            Assert.Equal(HttpStatusCode.OK, (await admin.GetAsync("whoami")).StatusCode);
        }

        await strict.DisposeAsync();
    }

    [Fact]
    public async Task Writes_OfAllOutcomes_LeaveAnAuditLineWithoutSecrets()
    {
        using var admin = host.Client(host.Admin);
        using var stranger = host.Client(null);
        var token = (await (await admin.PostAsJsonAsync("tokens", new { name = "audited", scopes = new[] { "read" }, expiresInDays = 1 })).JsonAsync()).GetProperty("token").GetString()!;
        await stranger.DeleteAsync("workspaces/team");
        await admin.PutAsync("workspaces/team/secrets/audited", Requests.Json("""{"kind":"text","text":"s3cr3t-v4lue"}"""));

        Assert.Contains(host.Lines.All, l => l.Contains("Audit: admin (admin) createToken /api/v1/tokens/", StringComparison.Ordinal) && l.Contains(": 201", StringComparison.Ordinal));
        Assert.Contains(host.Lines.All, l => l.Contains("Audit: nobody () deleteWorkspace /api/v1/workspaces/team: 401", StringComparison.Ordinal));
        Assert.DoesNotContain(host.Lines.All, l => l.Contains(token.Split('.')[1], StringComparison.Ordinal) || l.Contains("s3cr3t-v4lue", StringComparison.Ordinal));
    }
}
