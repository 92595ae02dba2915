namespace Control.Api.Tests.Pipelines;

public sealed class PipelineTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task Put_Definitions_AreGivenBackAsSubmitted()
    {
        using var admin = host.Client(host.Admin);
        var first = await admin.SendAsync(Put("# one\nstages: []\n").With("If-None-Match", "*"));
        Assert.Equal("\"1\"", first.Headers.ETag!.Tag);
        await (await admin.SendAsync(Put("x").With("If-None-Match", "*"))).ProblemAsync(HttpStatusCode.PreconditionFailed);
        await (await admin.SendAsync(Put("x").With("If-Match", "\"9\""))).ProblemAsync(HttpStatusCode.PreconditionFailed);
        Assert.Equal(HttpStatusCode.OK, (await admin.SendAsync(Put("# zwei ä\n").With("If-Match", "\"1\""))).StatusCode);

        var current = await admin.GetAsync("workspaces/team/pipelines/api/definition");
        Assert.Equal("application/yaml", current.Content.Headers.ContentType!.MediaType);
        Assert.Equal("# zwei ä\n", await current.Content.ReadAsStringAsync());
        Assert.Equal("# one\nstages: []\n", await admin.GetStringAsync("workspaces/team/pipelines/api/definition?version=1"));
        await (await admin.GetAsync("workspaces/team/pipelines/api/definition?version=7")).ProblemAsync(HttpStatusCode.NotFound);
        var versions = await (await admin.GetAsync("workspaces/team/pipelines/api/versions")).JsonAsync();
        Assert.Equal([2, 1], versions.GetProperty("items").EnumerateArray().Select(v => v.GetProperty("number").GetInt32()));

        static HttpRequestMessage Put(string text) => new(HttpMethod.Put, "workspaces/team/pipelines/api") { Content = Requests.Yaml(text) };
    }

    [Fact]
    public async Task Put_NotUtf8_Answers400()
    {
        using var admin = host.Client(host.Admin);
        var content = new ByteArrayContent([0xFF, 0xFE, 0x00]);
        content.Headers.ContentType = new("text/yaml");
        await (await admin.PutAsync("workspaces/team/pipelines/api", content)).ProblemAsync(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Lint_BadDefinition_GivesErrorsWithLines()
    {
        using var admin = host.Client(host.Admin);
        var good = await (await admin.PostAsync("pipelines/lint", Requests.Yaml("good"))).JsonAsync();
        var bad = await (await admin.PostAsync("pipelines/lint", Requests.Yaml("bad"))).JsonAsync();
        Assert.True(good.GetProperty("valid").GetBoolean());
        Assert.False(bad.GetProperty("valid").GetBoolean());
        Assert.Equal(2, bad.GetProperty("errors")[0].GetProperty("line").GetInt32());
        Assert.Equal("object", (await (await admin.GetAsync("schemas/pipeline")).JsonAsync()).GetProperty("type").GetString());
    }
}
