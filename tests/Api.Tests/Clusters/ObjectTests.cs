using Control.TestKit.Kubernetes;
using Microsoft.AspNetCore.Http;

namespace Control.Api.Tests.Clusters;

public sealed class ObjectTests(ApiHost host) : IClassFixture<ApiHost>, IAsyncLifetime
{
    private const string Secret = """{"apiVersion":"v1","kind":"Secret","metadata":{"name":"db","namespace":"web","uid":"u1"},"data":{"password":"czNjcjN0"}}""";

    private readonly string _name = $"c-{Guid.NewGuid():N}"[..20];
    private FakeApiServer _server = null!;
    private HttpClient _admin = null!;

    public async Task InitializeAsync()
    {
        _server = await FakeApiServer.StartAsync();
        _admin = host.Client(host.Admin);
        Assert.Equal(HttpStatusCode.Created, (await _admin.PostAsync("clusters", Json(new { name = _name, kubeconfig = _server.Kubeconfig() }))).StatusCode);
    }

    public async Task DisposeAsync()
    {
        _admin.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Kinds_OfTheCluster()
    {
        var kinds = (await (await _admin.GetAsync(Url("kinds"))).JsonAsync()).GetProperty("items").EnumerateArray().ToList();
        var pods = kinds.Single(kind => kind.GetProperty("name").GetString() == "pods");
        Assert.Equal(("v1", "Pod", true, "po"), (pods.GetProperty("apiVersion").GetString(), pods.GetProperty("kind").GetString(), pods.GetProperty("namespaced").GetBoolean(), pods.GetProperty("shortNames")[0].GetString()));
    }

    [Fact]
    public async Task List_APage_WithWhatWasAskedAndNothingElseOfTheObjects()
    {
        var asked = "";
        Answer("/api/v1/namespaces/web/pods", http =>
        {
            asked = http.Request.QueryString.Value!;
            return """
                {"kind":"Table","metadata":{"continue":"next","remainingItemCount":9},"columnDefinitions":[{"name":"Name","type":"string"},{"name":"IP","type":"string","priority":1}],
                 "rows":[{"cells":["a","10.0.0.1"],"object":{"metadata":{"name":"a","namespace":"web","uid":"u","managedFields":[{"manager":"not-to-be-sent"}]}}}]}
                """;
        });
        var answer = await (await _admin.GetAsync(Url("objects/PO?namespace=web&labels=app%3Dx&fields=status.phase%3DRunning&limit=1&cursor=at"))).JsonAsync();
        Assert.Equal("?labelSelector=app%3Dx&fieldSelector=status.phase%3DRunning&limit=1&continue=at", asked);
        Assert.Equal(
            """{"apiVersion":"v1","kind":"Pod","columns":[{"name":"Name","wide":false},{"name":"IP","wide":true}],"items":[{"namespace":"web","name":"a","uid":"u","cells":["a","10.0.0.1"]}],"nextCursor":"next","remaining":9}""",
            answer.ToString());
    }

    [Fact]
    public async Task Get_ASecret_ValuesForAdministratorsOnly()
    {
        Answer("/api/v1/namespaces/web/secrets/db", _ => Secret);
        using var reader = host.Client(await host.Seed.TokenAsync("reads-all", ApiHost.Later, [Scopes.Read]));
        var shown = await (await reader.GetAsync(Url("objects/secrets/db?namespace=web"))).Content.ReadAsStringAsync();
        Assert.Contains("\"password\":null", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("czNjcjN0", shown, StringComparison.Ordinal);
        Assert.Contains("czNjcjN0", await (await _admin.GetAsync(Url("objects/secrets/db?namespace=web"))).Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("objects/nothings", HttpStatusCode.NotFound, "not-found")]
    [InlineData("objects/pods/a", HttpStatusCode.BadRequest, "cluster-refused")]
    [InlineData("objects/nodes/a?namespace=web", HttpStatusCode.NotFound, "not-found")]
    [InlineData("objects/pods?limit=201", HttpStatusCode.BadRequest, "bad-request")]
    [InlineData("objects/pods/..%2f..%2fsecrets?namespace=web", HttpStatusCode.BadRequest, "cluster-refused")]
    [InlineData("objects/pods?namespace=..", HttpStatusCode.BadRequest, "cluster-refused")]
    [InlineData("objects/pods?namespace=a%2fsecrets", HttpStatusCode.BadRequest, "cluster-refused")]
    public async Task Get_Wrong_AClearAnswerAndNoOtherPath(string path, HttpStatusCode status, string code)
    {
        _server.Answer = async http =>
        {
            if (!http.Request.Path.StartsWithSegments("/api/v1/nodes")) return false;
            http.Response.StatusCode = 404;
            await http.Response.WriteAsync("""{"kind":"Status","code":404,"reason":"NotFound","message":"nodes \"a\" not found"}""");
            return true;
        };
        await (await _admin.GetAsync(Url(path))).ProblemAsync(status, code);
    }

    [Theory]
    [InlineData(401, HttpStatusCode.BadGateway, "cluster-unauthorized")]
    [InlineData(403, HttpStatusCode.Forbidden, "cluster-forbidden")]
    [InlineData(409, HttpStatusCode.Conflict, "cluster-conflict")]
    [InlineData(410, HttpStatusCode.Gone, "page-expired")]
    [InlineData(422, HttpStatusCode.BadRequest, "cluster-refused")]
    [InlineData(500, HttpStatusCode.BadGateway, "cluster-failing")]
    public async Task List_Refused_SaysWhoseFaultItIs(int status, HttpStatusCode expected, string code)
    {
        await _admin.GetAsync(Url("kinds"));
        _server.Before = _ => Task.FromResult<int?>(status);
        await (await _admin.GetAsync(Url("objects/pods"))).ProblemAsync(expected, code);
    }

    [Fact]
    public async Task Session_OfAnAccessThatWasReplacedOrForgotten_IsNotUsedAgain()
    {
        Answer("/api/v1/pods", _ => """{"kind":"Table","rows":[]}""");
        _server.Tokens["good"] = true;
        Assert.Equal(HttpStatusCode.OK, (await _admin.GetAsync(Url("objects/pods"))).StatusCode);
        await _admin.PutAsync(Url("access"), Json(new { kubeconfig = _server.Kubeconfig("other") }));
        await (await _admin.GetAsync(Url("objects/pods"))).ProblemAsync(HttpStatusCode.BadGateway, "cluster-unauthorized");
        await _admin.PutAsync(Url("access"), Json(new { kubeconfig = _server.Kubeconfig("good") }));
        Assert.Equal(HttpStatusCode.OK, (await _admin.GetAsync(Url("objects/pods"))).StatusCode);
        await _admin.DeleteAsync(Url(""));
        await (await _admin.GetAsync(Url("objects/pods"))).ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task Apply_SeveralObjects_EachWithItsOutcome()
    {
        _server.Answer = async http =>
        {
            var name = http.Request.Path.Value!.Split('/')[^1];
            if (name is not ("old" or "new" or "taken" or "same")) return false;
            var isPatch = http.Request.Method == "PATCH";
            if (isPatch) Assert.Equal("?fieldManager=control&dryRun=All&fieldValidation=Strict", http.Request.QueryString.Value);
            (http.Response.StatusCode, var body) = (name, isPatch) switch
            {
                ("taken", true) => (409, """{"kind":"Status","code":409,"reason":"Conflict","message":"Apply failed","details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"kubectl\" using v1","field":".data.a"}]}}"""),
                ("new", false) => (404, """{"kind":"Status","code":404,"reason":"NotFound","message":"no"}"""),
                ("same", _) => (200, Secret.Replace("db", "same", StringComparison.Ordinal)),
                _ => (200, Secret.Replace("db", name, StringComparison.Ordinal).Replace("czNjcjN0", isPatch ? "bmV3" : "b2xk", StringComparison.Ordinal)),
            };
            await http.Response.WriteAsync(body);
            return true;
        };
        var manifest = string.Join("\n---\n", new[] { "old", "new", "taken", "same" }.Select(name => $"apiVersion: v1\nkind: Secret\nmetadata: {{ name: {name} }}\nstringData: {{ password: very-secret }}"))
            + "\n---\napiVersion: none/v1\nkind: None\nmetadata: { name: x }\n";
        var answer = await (await _admin.PostAsync(Url("apply"), Json(new { manifest, @namespace = "web", dryRun = true }))).JsonAsync();
        Assert.Equal((true, 2), (answer.GetProperty("dryRun").GetBoolean(), answer.GetProperty("failed").GetInt32()));
        var items = answer.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["configured", "created", "failed", "unchanged", "failed"], items.Select(item => item.GetProperty("outcome").GetString()));
        Assert.Equal("""[{"path":"data.password","before":"(hidden)","after":"(hidden)"}]""", items[0].GetProperty("changes").ToString());
        Assert.Equal("""[{"manager":"kubectl","field":".data.a"}]""", items[2].GetProperty("error").GetProperty("conflicts").ToString());
        Assert.Equal("not-found", items[4].GetProperty("error").GetProperty("code").GetString());
        Assert.All(items.Take(4), item => Assert.Equal("web", item.GetProperty("namespace").GetString()));
    }

    [Theory]
    [InlineData("a: [", 2)]
    [InlineData("---\n", 0)]
    [InlineData("kind: Pod\nmetadata: { name: x }", 1)]
    [InlineData("# one\n---\napiVersion: v1\nkind: Pod\nmetadata: { generateName: x- }", 2)]
    [InlineData("apiVersion: v1\nkind: List\nitems: [7]", 1)]
    public async Task Apply_OfNoManifest_SaysWhere(string manifest, int line)
    {
        var problem = await (await _admin.PostAsync(Url("apply"), Json(new { manifest }))).ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
        var error = problem.GetProperty("errors")[0];
        Assert.Equal("manifest", error.GetProperty("field").GetString());
        Assert.Equal(line, error.GetProperty("line").GetInt32());
    }

    [Fact]
    public async Task Apply_TooMuch_IsRefused()
    {
        var many = string.Join("\n---\n", Enumerable.Range(0, 501).Select(i => $"{{apiVersion: v1, kind: Pod, metadata: {{name: p{i}}}}}"));
        await (await _admin.PostAsync(Url("apply"), Json(new { manifest = many }))).ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
    }

    [Fact]
    public async Task Delete_OnlyTheObjectThatIsMeant()
    {
        var asked = "";
        _server.Answer = async http =>
        {
            if (http.Request.Method != "DELETE") return false;
            asked = $"{http.Request.Path} {await new StreamReader(http.Request.Body).ReadToEndAsync()}";
            await http.Response.WriteAsync("""{"apiVersion":"v1","kind":"Status","status":"Success"}""");
            return true;
        };
        Assert.Equal(HttpStatusCode.NoContent, (await _admin.DeleteAsync(Url("objects/pods/a?namespace=web&propagation=foreground&uid=u1"))).StatusCode);
        Assert.Equal("""/api/v1/namespaces/web/pods/a {"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Foreground","preconditions":{"uid":"u1"}}""", asked);
        await (await _admin.DeleteAsync(Url("objects/pods/a?namespace=web&propagation=all"))).ProblemAsync(HttpStatusCode.BadRequest, "bad-request");
    }

    private string Url(string path) => $"clusters/{_name}/{path}".TrimEnd('/');

    private void Answer(string path, Func<HttpContext, string> body) => _server.Answer = async http =>
    {
        if (http.Request.Path != path) return false;
        await http.Response.WriteAsync(body(http));
        return true;
    };

    private static StringContent Json(object body) => Requests.Json(JsonSerializer.Serialize(body));
}
