using System.Net;
using Control.Api.Http;
using Control.Cli.Hosting;
using Control.Contracts;

namespace Control.Scenarios.Tests;

/// <summary>What probes are told of a silo.</summary>
public sealed class SiloHealthTests(ScenarioServer server) : IClassFixture<ScenarioServer>
{
    [Fact]
    public async Task Readyz_BeforeJoiningAndWhenLeaving_SaysNo()
    {
        await using var health = new SiloHealth(new IPEndPoint(IPAddress.Loopback, 0), server.Services);
        await health.StartAsync(CancellationToken.None);
        using var kubelet = new HttpClient { BaseAddress = health.Address };

        Assert.Equal((503, "joining"), await AskAsync(kubelet, "/readyz"));
        Assert.Equal((200, ""), await AskAsync(kubelet, "/healthz"));

        health.HasJoined();
        // Together they make one check.
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => AskAsync(kubelet, "/readyz"))), answer => Assert.Equal((200, ""), answer));

        health.Leaves();
        Assert.Equal((503, "leaving"), await AskAsync(kubelet, "/readyz"));
        Assert.Equal((200, ""), await AskAsync(kubelet, "/healthz"));
    }

    [Fact]
    public async Task Requests_ThatNoProbeMakes_AreRefused()
    {
        await using var health = new SiloHealth(new IPEndPoint(IPAddress.Loopback, 0), server.Services);
        await health.StartAsync(CancellationToken.None);
        using var stranger = new HttpClient { BaseAddress = health.Address };
        using var large = new HttpRequestMessage(HttpMethod.Get, "/healthz");
        large.Headers.Add("X-Large", new string('x', 8192));

        Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync("/api/v1/workspaces")).StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await stranger.PostAsync("/readyz", null)).StatusCode);
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, (await stranger.SendAsync(large)).StatusCode);
    }

    private static async Task<(int Status, string Parts)> AskAsync(HttpClient kubelet, string path)
    {
        using var answer = await kubelet.GetAsync(path);
        return ((int)answer.StatusCode, string.Join(',', ContractJson.Read<Health>(await answer.Content.ReadAsStringAsync()).Parts));
    }
}
