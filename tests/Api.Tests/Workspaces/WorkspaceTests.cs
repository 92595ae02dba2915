namespace Control.Api.Tests.Workspaces;

public sealed class WorkspaceTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Update_WithETags_DetectsConflictsAndUnchanged()
    {
        using var admin = host.Client(host.Admin);
        var made = await admin.PostAsJsonAsync("workspaces", new { name = "etags", description = "one" });
        Assert.Equal("/api/v1/workspaces/etags", made.Headers.Location!.ToString());
        var etag = (await admin.GetAsync("workspaces/etags")).Headers.ETag!.Tag;
        Assert.Equal("\"1\"", etag);

        Assert.Equal(HttpStatusCode.NotModified, (await admin.SendAsync(new HttpRequestMessage(HttpMethod.Get, "workspaces/etags").With("If-None-Match", etag))).StatusCode);
        var updated = await admin.SendAsync(Put("two").With("If-Match", etag));
        Assert.Equal("\"2\"", updated.Headers.ETag!.Tag);
        var problem = await (await admin.SendAsync(Put("three").With("If-Match", etag))).ProblemAsync(HttpStatusCode.PreconditionFailed, "version-mismatch");
        Assert.Equal("2", problem.GetProperty("state").GetString());
        await (await admin.SendAsync(Put("four").With("If-Match", "W/\"2\""))).ProblemAsync(HttpStatusCode.BadRequest);
        Assert.Equal("two", (await (await admin.GetAsync("workspaces/etags")).JsonAsync()).GetProperty("description").GetString());

        static HttpRequestMessage Put(string text) => new(HttpMethod.Put, "workspaces/etags") { Content = JsonContent.Create(new { description = text }) };
    }

    [Theory]
    [InlineData("""{"kind":"text","text":"v4lue-one"}""", "text")]
    [InlineData("""{"kind":"password","user":"u","password":"v4lue-two"}""", "password")]
    [InlineData("""{"kind":"sshKey","text":"-----BEGIN v4lue-three"}""", "sshKey")]
    public async Task PutSecret_AnyKind_IsSealedAndNeverShown(string body, string kind)
    {
        using var admin = host.Client(host.Admin);
        var put = await admin.PutAsync("workspaces/team/secrets/hidden", Requests.Json(body));
        Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        var shown = await put.Content.ReadAsStringAsync() + await admin.GetStringAsync("workspaces/team/secrets");
        Assert.Contains($"\"kind\":\"{kind}\"", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("v4lue", shown, StringComparison.Ordinal);
        Assert.DoesNotContain(host.Lines.All, l => l.Contains("v4lue", StringComparison.Ordinal));
        var command = host.Grains.Commands.OfType<PutSecret>().Last();
        Assert.DoesNotContain("v4lue", Encoding.UTF8.GetString(command.Secret.Sealed.AsSpan()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PutSecret_OfAPipeline_IsSealedListedAndDeletedThereAlone()
    {
        using var admin = host.Client(host.Admin);
        var put = await admin.PutAsync("workspaces/team/pipelines/web/secrets/own", Requests.Json("""{"kind":"text","text":"v4lue-four"}"""));
        Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        var shown = await put.Content.ReadAsStringAsync() + await admin.GetStringAsync("workspaces/team/pipelines/web/secrets");
        Assert.Equal(3, shown.Split("\"own\"").Length);
        Assert.DoesNotContain("v4lue", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("\"own\"", await admin.GetStringAsync("workspaces/team/secrets"), StringComparison.Ordinal);
        Assert.DoesNotContain(host.Lines.All, l => l.Contains("v4lue", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.NoContent, (await admin.DeleteAsync("workspaces/team/pipelines/web/secrets/own")).StatusCode);
        await (await admin.DeleteAsync("workspaces/team/pipelines/web/secrets/own")).ProblemAsync(HttpStatusCode.NotFound);
        await (await admin.GetAsync("workspaces/team/pipelines/nothing/secrets")).ProblemAsync(HttpStatusCode.NotFound);
        var problem = await (await admin.PutAsync("workspaces/team/pipelines/web/secrets/own", Requests.Json("""{"kind":"text"}"""))).ProblemAsync(HttpStatusCode.BadRequest);
        Assert.Equal("text", problem.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Theory]
    [InlineData("""{}""", "kind")]
    [InlineData("""{"kind":"nonsense"}""", "kind")]
    [InlineData("""{"kind":"text"}""", "text")]
    [InlineData("""{"kind":"text","text":"v4lue","user":"u"}""", "user")]
    [InlineData("""{"kind":"password","user":"v4lue"}""", "password")]
    public async Task PutSecret_Wrong_NamesTheFieldNotTheValue(string body, string field)
    {
        using var admin = host.Client(host.Admin);
        var problem = await (await admin.PutAsync("workspaces/team/secrets/hidden", Requests.Json(body))).ProblemAsync(HttpStatusCode.BadRequest);
        Assert.Equal(field, problem.GetProperty("errors")[0].GetProperty("field").GetString());
        Assert.DoesNotContain("v4lue", problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task PutSecret_TooLarge_Answers400()
    {
        using var admin = host.Client(host.Admin);
        var body = JsonContent.Create(new { kind = "text", text = new string('x', 64 * 1024) });
        await (await admin.PutAsync("workspaces/team/secrets/large", body)).ProblemAsync(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task PutSecret_BadName_Answers400WithTheRule()
    {
        using var admin = host.Client(host.Admin);
        var problem = await (await admin.PutAsync("workspaces/team/secrets/NOT_ok", Requests.Json("{}"))).ProblemAsync(HttpStatusCode.BadRequest, "bad-name");
        Assert.Contains(ResourceName.Rule, problem.ToString().Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
