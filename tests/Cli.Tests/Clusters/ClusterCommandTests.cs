using Control.Contracts.Clusters;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Control.Cli.Tests.Clusters;

public sealed class ClusterCommandTests
{
    private readonly List<string> _asked = [];
    private ClusterView _view = new(
        "prod", "ours", "https://10.0.0.1:6443", ClusterState.Connected, [], new ClusterFacts(Samples.T0, "v1.33.1", "linux/amd64", 70, 3, 2, 7, 12, []),
        "certificate", Samples.T0.AddDays(30), Samples.T0, Samples.Alice, Samples.T0, 4);

    [Fact]
    public async Task Add_KubeconfigFromStandardInput_SentAndAsked()
    {
        await using var server = await StartAsync();
        using var cli = new CliHarness { Input = "clusters: []" }.At(server);

        var result = await cli.RunAsync("cluster", "add", "prod", "-f", "-", "--context", "one", "-d", "ours");

        Assert.Equal(0, result.Code);
        Assert.Equal(["""POST  {"name":"prod","description":"ours","kubeconfig":"clusters: []","context":"one"}""", "POST /prod/check "], _asked);
        Assert.Contains("v1.33.1 on linux/amd64", result.Output, StringComparison.Ordinal);
        Assert.Contains("2 of 3 ready", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Check_Disconnected_FailsAndSaysWhy()
    {
        _view = _view with { State = ClusterState.Disconnected, Reasons = [new ClusterReason(ClusterReasons.Unauthorized, "It does not accept the credential.")], Facts = null };
        await using var server = await StartAsync();
        using var cli = new CliHarness().At(server);

        var result = await cli.RunAsync("cluster", "check", "prod");

        Assert.Equal(ExitCodes.Failed, result.Code);
        Assert.Contains("disconnected", result.Output, StringComparison.Ordinal);
        Assert.Contains("It does not accept the credential.", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ListAccessUpdateDelete_AskTheServer()
    {
        await using var server = await StartAsync();
        using var cli = new CliHarness { Input = "k" }.At(server);

        var list = await cli.RunAsync("cluster", "list");
        Assert.Contains("prod", list.Output, StringComparison.Ordinal);
        Assert.Contains("2/3", list.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await cli.RunAsync("cluster", "get", "prod")).Code);
        Assert.Equal(0, (await cli.RunAsync("cluster", "access", "prod", "-f", "-")).Code);
        Assert.Equal(0, (await cli.RunAsync("cluster", "update", "prod", "-d", "x", "--if-version", "4")).Code);
        Assert.Equal(0, (await cli.RunAsync("cluster", "delete", "prod")).Code);
        Assert.Equal(["GET  ", "GET /prod ", """PUT /prod/access {"kubeconfig":"k"}""", "POST /prod/check ", """PUT /prod {"description":"x"}""", "DELETE /prod "], _asked);
        Assert.Equal(ExitCodes.Usage, (await cli.RunAsync("cluster", "get", "../x")).Code);
        Assert.Equal(ExitCodes.Usage, (await cli.RunAsync("cluster", "add", "prod")).Code);
    }

    private Task<FakeServer> StartAsync() => FakeServer.StartAsync(app => app.Map("/api/v1/clusters/{**rest}", async (HttpContext http) =>
    {
        var path = http.Request.Path.Value!["/api/v1/clusters".Length..];
        _asked.Add($"{http.Request.Method} {path} {await new StreamReader(http.Request.Body).ReadToEndAsync()}");
        return http.Request.Method == "DELETE" ? Results.NoContent() : path.Length == 0 && http.Request.Method == "GET" ? FakeServer.Json(new { items = new[] { _view } }) : FakeServer.Json(_view);
    }));
}
