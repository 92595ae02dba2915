using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Control.TestKit.Kubernetes;

/// <summary>Answers what a cluster's health is told by, over HTTP, as the test wants it.</summary>
public sealed class FakeApiServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeApiServer(WebApplication app) => _app = app;

    /// <summary>Bearer tokens it accepts; anybody while empty.</summary>
    public ConcurrentDictionary<string, bool> Tokens { get; } = [];

    /// <summary>Asked before each answer; the status instead of it, or null.</summary>
    public Func<string, Task<int?>> Before { get; set; } = _ => Task.FromResult<int?>(null);

    /// <summary>Asked after that: true when it has answered itself.</summary>
    public Func<HttpContext, Task<bool>> Answer { get; set; } = _ => Task.FromResult(false);

    /// <summary>How many of its three nodes are ready.</summary>
    public int ReadyNodes { get; set; } = 3;

    /// <summary>Whether its list of nodes never ends.</summary>
    public bool EndlessNodes { get; set; }

    /// <summary>Where it is.</summary>
    public string Address => _app.Urls.First();

    /// <summary>Starts one.</summary>
    public static async Task<FakeApiServer> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var server = new FakeApiServer(app);
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    /// <summary>A kubeconfig for it.</summary>
    public string Kubeconfig(string token = "good") =>
        $$$"""{"clusters":[{"name":"c","cluster":{"server":"{{{Address}}}"}}],"users":[{"name":"u","user":{"token":"{{{token}}}"}}],"contexts":[{"name":"x","context":{"cluster":"c","user":"u"}}],"current-context":"x"}""";

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        var token = http.Request.Headers.Authorization.ToString();
        if (!Tokens.IsEmpty && !(token.StartsWith("Bearer ", StringComparison.Ordinal) && Tokens.ContainsKey(token[7..])))
        {
            http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        }
        else if (await Before(path) is { } status)
        {
            http.Response.StatusCode = status;
        }
        else if (!await Answer(http))
        {
            await http.Response.WriteAsync(Body(path));
        }
    }

    private string Body(string path) => path switch
    {
        "/version" => """{"gitVersion":"v1.33.1","major":"1","minor":"33","platform":"linux/amd64"}""",
        "/api" => """{"kind":"APIVersions","versions":["v1"]}""",
        "/apis" => """{"kind":"APIGroupList","groups":[]}""",
        "/api/v1" => """{"resources":[{"name":"nodes","kind":"Node","namespaced":false,"verbs":["list"]},{"name":"namespaces","kind":"Namespace","namespaced":false,"verbs":["list"]},{"name":"secrets","kind":"Secret","namespaced":true,"verbs":["get","list"]},{"name":"pods","kind":"Pod","namespaced":true,"verbs":["get","list"],"shortNames":["po"]}]}""",
        "/api/v1/nodes" => $$$"""{"metadata":{"continue":"{{{(EndlessNodes ? "x" : "")}}}"},"items":[{{{string.Join(',', Enumerable.Range(0, 3).Select(Node))}}}]}""",
        "/api/v1/namespaces" => """{"metadata":{"continue":"x","remainingItemCount":6},"items":[{"metadata":{"name":"default"}}]}""",
        _ => "{}",
    };

    private string Node(int number) =>
        $$$"""{"metadata":{"name":"n{{{number}}}"},"status":{"conditions":[{"type":"Ready","status":"{{{(number < ReadyNodes ? "True" : "Unknown")}}}"}] } }""";
}
