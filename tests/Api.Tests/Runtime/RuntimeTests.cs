using Control.Contracts.Runtime;

namespace Control.Api.Tests.Runtime;

public sealed class RuntimeTests : IAsyncLifetime
{
    private readonly ApiHost _host = new();
    private HttpClient _admin = null!;

    public async Task InitializeAsync()
    {
        await _host.InitializeAsync();
        _admin = _host.Client(_host.Admin);
        await PutAsync("one", 1, SiloState.Active, new GrainFigures("run", 3, 100, 1, 20, 0.2, 1, 5, [0, 90]), [new HotGrain("run/w/p/1", 12, 1)], [new AwaitedGrain("agent/a", 7)]);
        await PutAsync("two", 2, SiloState.Leaving, new GrainFigures("run", 1, 50, 0, 10, 0, 0, 2, [0, 0, 0, 10]), [new HotGrain("run/w/p/1", 3, 0), new HotGrain("pool/*", 9, 0)], []);
        await PutAsync("old", 0, SiloState.Lost, new GrainFigures("run", 9, 9, 9, 9, 9, 9, 9, [9]), [new HotGrain("run/w/p/9", 99, 0)], [], "silo.joined", "silo.lost");
    }

    public async Task DisposeAsync()
    {
        _admin.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Silos_AreListedNewestFirst_InPages()
    {
        var first = await GetAsync("silos?limit=2");
        Assert.Equal(["two leaving", "one active"], Items(first).Select(item => $"{item.GetProperty("id").GetString()} {item.GetProperty("state").GetString()}"));
        var second = await GetAsync($"silos?limit=2&cursor={first.GetProperty("nextCursor").GetString()}");
        Assert.Equal("old", Assert.Single(Items(second)).GetProperty("id").GetString());
        Assert.False(second.TryGetProperty("nextCursor", out _));
    }

    [Fact]
    public async Task Silo_IsShownOrAbsent()
    {
        Assert.Equal(100, (await GetAsync("silos/one")).GetProperty("grains")[0].GetProperty("calls").GetInt64());
        await (await _admin.GetAsync("runtime/silos/nobody")).ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task Grains_AreSummedOverLivingSilos()
    {
        var run = Assert.Single(Items(await GetAsync("grains")));
        Assert.Equal(new GrainTypeView("run", 2, 4, 150, 1, 30, 0.2, 0.0016, 0.0076, 1, 6), ContractJson.Read<GrainTypeView>(run.GetRawText()));
    }

    [Fact]
    public async Task Hot_GrainsOfLivingSilos_AreMerged() => Assert.Equal(
        [new HotGrainView("run/w/p/1", "one", 15, 1, 0), new HotGrainView("pool/*", "two", 9, 0, 0), new HotGrainView("agent/a", null, 0, 0, 7)],
        Items(await GetAsync("hot")).Select(item => ContractJson.Read<HotGrainView>(item.GetRawText())));

    [Fact]
    public async Task History_IsToldNewestFirst_InPages()
    {
        var first = await GetAsync("history?limit=1");
        Assert.Equal("old silo.lost", Assert.Single(Items(first).Select(Line)));
        var second = await GetAsync($"history?limit=1&cursor={first.GetProperty("nextCursor").GetString()}");
        Assert.Equal("old silo.joined", Assert.Single(Items(second).Select(Line)));
    }

    [Theory]
    [InlineData("silos?limit=0")]
    [InlineData("silos?cursor=x")]
    [InlineData("history?limit=201")]
    [InlineData("history?cursor=x")]
    public async Task BadPages_AreRefused(string path) =>
        Assert.Equal(HttpStatusCode.BadRequest, (await _admin.GetAsync($"runtime/{path}")).StatusCode);

    [Theory]
    [InlineData("", "text/html")]
    [InlineData("/page.js", "text/javascript")]
    [InlineData("/page.css", "text/css")]
    public async Task Page_ForAnybody_LetsNothingElseIn(string path, string type)
    {
        using var stranger = _host.Client(null);

        var answer = await stranger.GetAsync($"/runtime{path}");

        Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("DENY", answer.Headers.GetValues("X-Frame-Options").Single());
        Assert.Equal("no-store", answer.Headers.CacheControl?.ToString());
        Assert.Equal("no-referrer", answer.Headers.GetValues("Referrer-Policy").Single());
        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("*", policy, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_HasNothingInline_AndPutsInTextOnly()
    {
        using var stranger = _host.Client(null);
        var html = await stranger.GetStringAsync("/runtime");
        Assert.DoesNotMatch(@"(?i)<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|https?://", html);
        foreach (var id in new[] { "silos", "grains", "hot", "history", "token" }) Assert.Contains($"id=\"{id}\"", html, StringComparison.Ordinal);
        var script = await stranger.GetStringAsync("/runtime/page.js");
        Assert.DoesNotMatch(@"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|localStorage|\.cookie|https?://", script);
        Assert.Contains("sessionStorage", script, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Page_WithASlash_LeadsToTheOneWithout()
    {
        using var stranger = _host.Client(null);
        var answer = await stranger.GetAsync("/runtime/");
        Assert.Equal((HttpStatusCode.OK, "/runtime"), (answer.StatusCode, answer.RequestMessage!.RequestUri!.AbsolutePath));
    }

    private static string Line(JsonElement item) => $"{item.GetProperty("silo").GetString()} {item.GetProperty("event").GetString()}";

    private static IEnumerable<JsonElement> Items(JsonElement list) => list.GetProperty("items").EnumerateArray();

    private async Task<JsonElement> GetAsync(string path) => await (await _admin.GetAsync($"runtime/{path}")).JsonAsync();

    private Task PutAsync(
        string id, int order, SiloState state, GrainFigures grains, ImmutableArray<HotGrain> hot, ImmutableArray<AwaitedGrain> awaited, params ImmutableArray<string> events) =>
        _host.Seed.PutAsync(
            new SubjectKey(SubjectKinds.Silo, id),
            _ => new SiloView(
                id, "host", $"10.0.0.{order}:11111", "Embedded", "0.1.0", state, Seed.Then.AddHours(order), Seed.Then, new SiloProcess(1, 2, 3, 0.5, 4, 5, 6), 7, 8, 9, [grains], hot, awaited),
            ordinal: order,
            state: JsonNamingPolicy.CamelCase.ConvertName(state.ToString()),
            events: [.. events.Select((type, i) => new NewEvent(type, Seed.Then.AddMinutes(i), Actor.System, ContractJson.Write(new SiloChange("host", null, Seed.Then, null))))]);
}
