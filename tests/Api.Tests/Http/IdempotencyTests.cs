namespace Control.Api.Tests.Http;

public sealed class IdempotencyTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Runs = "workspaces/team/pipelines/web/runs";

    [Fact]
    public async Task Post_Repeated_GetsTheSameAnswerAndOneEffect()
    {
        using var admin = host.Client(host.Admin);
        var first = await admin.SendAsync(Start("same"));
        var second = await admin.SendAsync(Start("same"));
        Assert.Equal((HttpStatusCode.Created, HttpStatusCode.Created), (first.StatusCode, second.StatusCode));
        Assert.Equal(first.Headers.Location, second.Headers.Location);
        Assert.Equal(first.Content.Headers.ContentType, second.Content.Headers.ContentType);
        Assert.Equal(await first.Content.ReadAsStringAsync(), await second.Content.ReadAsStringAsync());
        Assert.False(first.Headers.Contains("Idempotency-Replayed"));
        Assert.Equal("true", second.Headers.GetValues("Idempotency-Replayed").Single());
    }

    [Fact]
    public async Task Post_SameKeyOtherBodyOrRoute_Answers422()
    {
        using var admin = host.Client(host.Admin);
        await admin.SendAsync(Start("mismatch"));
        await (await admin.SendAsync(Start("mismatch", "other"))).ProblemAsync(HttpStatusCode.UnprocessableEntity, "idempotency-mismatch");
        await (await admin.SendAsync(Requests.Post(Runs + "/1/cancel").With("Idempotency-Key", "mismatch"))).ProblemAsync(HttpStatusCode.UnprocessableEntity, "idempotency-mismatch");
    }

    [Fact]
    public async Task Post_SameKeyOtherToken_IsAnotherRequest()
    {
        using var admin = host.Client(host.Admin);
        using var other = host.Client(await host.Seed.TokenAsync("runner", ApiHost.Later, [Scopes.Run]));
        var first = await admin.SendAsync(Start("mine"));
        var second = await other.SendAsync(Start("mine"));
        Assert.NotEqual(first.Headers.Location, second.Headers.Location);
    }

    [Fact]
    public async Task Post_WhileTheFirstIsAtWork_Answers409()
    {
        var own = new ApiHost();
        await own.InitializeAsync();
        var (entered, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        own.Grains.Before = _ =>
        {
            entered.TrySetResult();
            return go.Task;
        };
        using (var admin = own.Client(own.Admin))
        {
            var first = admin.SendAsync(Start("slow"));
            await entered.Task;
            var second = await admin.SendAsync(Start("slow"));
            await second.ProblemAsync(HttpStatusCode.Conflict, "idempotency-in-progress");
            Assert.NotNull(second.Headers.RetryAfter);
            go.SetResult();
            Assert.Equal(HttpStatusCode.Created, (await first).StatusCode);
            Assert.Single(own.Grains.Commands.OfType<StartRun>());
        }

        await own.DisposeAsync();
    }

    [Fact]
    public async Task Post_OutcomeUnknown_RepeatsWithTheSameOperation()
    {
        var own = new ApiHost();
        await own.InitializeAsync();
        var failures = 1;
        own.Grains.Before = _ => failures-- > 0 ? throw new TimeoutException() : Task.CompletedTask;
        using (var admin = own.Client(own.Admin))
        {
            await (await admin.SendAsync(Start("lost"))).ProblemAsync(HttpStatusCode.GatewayTimeout, "outcome-unknown");
            Assert.Equal(HttpStatusCode.Created, (await admin.SendAsync(Start("lost"))).StatusCode);
            Assert.Single(own.Grains.Commands.OfType<StartRun>().Select(c => c.OperationId).Distinct());
            await admin.PostAsJsonAsync(Runs, new { });
            Assert.Equal(2, own.Grains.Commands.OfType<StartRun>().Select(c => c.OperationId).Distinct().Count());
        }

        await own.DisposeAsync();
    }

    [Fact]
    public async Task Post_ThatShowsASecret_IsReplayedFromASealedCopy()
    {
        using var admin = host.Client(host.Admin);
        var first = await (await admin.SendAsync(Token())).Content.ReadAsStringAsync();
        var second = await (await admin.SendAsync(Token())).Content.ReadAsStringAsync();
        Assert.Equal(first, second);
        var secret = JsonDocument.Parse(first).RootElement.GetProperty("token").GetString()!.Split('.')[1];
        var store = Directory.GetFiles(host.DataDirectory).Select(ReadShared).ToList();
        Assert.NotEmpty(store);
        Assert.DoesNotContain(store, t => t.Contains(secret, StringComparison.Ordinal));
        Assert.Contains(store, t => t.Contains("created-once", StringComparison.Ordinal));

        static HttpRequestMessage Token() =>
            Requests.Post("tokens", new { name = "created-once", scopes = new[] { "read" }, expiresInDays = 1 }).With("Idempotency-Key", "token-1");
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("")]
    public async Task Post_BadKey_Answers400(string key)
    {
        using var admin = host.Client(host.Admin);
        await (await admin.SendAsync(Start(key))).ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
        await (await admin.SendAsync(Start(new string('k', 129)))).ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
    }

    private static string ReadShared(string path)
    {
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite), Encoding.Latin1);
        return reader.ReadToEnd();
    }

    private static HttpRequestMessage Start(string key, string? gitRef = null) =>
        Requests.Post(Runs, new { @ref = gitRef ?? "main" }).With("Idempotency-Key", key);
}
