using System.Globalization;
using Control.Contracts.Agents;
using Control.Contracts.Runs;
using Xunit.Abstractions;

namespace Control.Crash.Tests;

/// <summary>One of two silos dies, alone or with the agent on its machine.</summary>
public sealed class SiloLossTests(ITestOutputHelper output)
{
    private const int Runs = 16;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task SiloKilled_WaitingRuns_AnswerFromTheOtherInSeconds(bool isRedisEmpty)
    {
        await using var site = await Site.Start(output, silos: 2);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3), TimeProvider.System);
        await site.StartAgent("worker");
        var pipeline = await site.Define("gated", """
            stages:
              - name: release
                gate: {}
                jobs:
                  say: { steps: ["echo released"] }
            """);
        var runs = new List<RunId>();
        while (runs.Count < Runs) runs.Add(await site.StartRun(pipeline));
        await Task.WhenAll(runs.Select(run => Until(site, run, RunState.Waiting, limit.Token)));

        // Then nobody finds there that the silo was one of them.
        if (isRedisEmpty) await site.EmptyRedis();
        await site.Silos[0].Kill();
        var killed = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(runs.Select(run => site.Client.ApproveAsync(run, "release", "", new Dictionary<string, string>(), limit.Token)));
        var took = TimeProvider.System.GetElapsedTime(killed);
        output.WriteLine($"all {Runs} runs took their approval {took.TotalSeconds:0.00} s after the kill");
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(15));

        await Task.WhenAll(runs.Select(run => Until(site, run, RunState.Succeeded, limit.Token)));
        foreach (var run in runs)
        {
            Assert.Equal("run Succeeded \nstage release Succeeded True\nattempt release.say/1 Succeeded  exit 0 by stage with {}", await site.Tell(run));
        }
    }

    [Fact]
    public async Task SiloJoined_IsReadyUntilItLeaves()
    {
        await using var site = await Site.Start(output, silos: 2);
        var probes = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Site.FreePort()}");
        using var kubelet = new HttpClient { BaseAddress = new Uri($"http://{probes}") };
        await Assert.ThrowsAsync<HttpRequestException>(() => kubelet.GetAsync("/readyz"));

        var silo = await site.StartSilo("--health-listen", probes);

        Assert.Equal("""{"status":"ok","parts":[]}""", await kubelet.GetStringAsync("/readyz"));
        Assert.Equal("""{"status":"ok","parts":[]}""", await kubelet.GetStringAsync("/healthz"));
        Assert.Equal(0, await silo.Terminate());
        await Assert.ThrowsAsync<HttpRequestException>(() => kubelet.GetAsync("/readyz"));
    }

    [Fact]
    public async Task SiloAndAgentKilled_NobodyAsks_ItsAttemptsAreLostAllTheSame()
    {
        await using var site = await Site.Start(output, silos: 2);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3), TimeProvider.System);
        // Several, so that some of their grains are on the silo that dies.
        var agents = new List<ControlProcess>();
        while (agents.Count < 4) agents.Add(await site.StartAgent($"worker-{agents.Count}", capacity: 1));
        var run = await site.StartRun(await site.Define("lost", """
            stages:
              - name: build
                jobs:
                  a: { lostAfter: 30s, steps: ["sleep 600"] }
                  b: { lostAfter: 30s, steps: ["sleep 600"] }
                  c: { lostAfter: 30s, steps: ["sleep 600"] }
                  d: { lostAfter: 30s, steps: ["sleep 600"] }
            """));
        await UntilAttempts(site, run, AttemptState.Running, limit.Token);

        await Task.WhenAll(agents.Select(agent => agent.Kill()).Append(site.Silos[0].Kill()));
        var killed = TimeProvider.System.GetTimestamp();
        await UntilAttempts(site, run, AttemptState.Lost, limit.Token);
        output.WriteLine($"all attempts lost {TimeProvider.System.GetElapsedTime(killed).TotalSeconds:0.0} s after the kill");
        await Until(site, run, RunState.Failed, limit.Token);
        Assert.All(await site.Client.GetAttemptsAsync(run, limit.Token), attempt => Assert.Equal(Reasons.AgentLost, attempt.Reason));
    }

    // Not by the stream of events: commits of another process wake it only with its heartbeat, and here time is measured.
    private static async Task Until(Site site, RunId run, RunState state, CancellationToken limit)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        while ((await site.Client.GetRunAsync(run, limit)).Value.State != state) await timer.WaitForNextTickAsync(limit);
    }

    private static async Task UntilAttempts(Site site, RunId run, AttemptState state, CancellationToken limit)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        while (await site.Client.GetAttemptsAsync(run, limit) is var attempts && (attempts.Count() < 4 || attempts.Any(attempt => attempt.State != state)))
        {
            await timer.WaitForNextTickAsync(limit);
        }
    }
}
