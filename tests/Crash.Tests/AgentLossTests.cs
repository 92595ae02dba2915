using Control.Contracts.Agents;
using Control.Contracts.Runs;
using Xunit.Abstractions;

namespace Control.Crash.Tests;

/// <summary>An agent is killed in the middle of its jobs.</summary>
public sealed class AgentLossTests(ITestOutputHelper output)
{
    private const string Endless = """
        echo "PID=$$"
        sleep 600 &
        echo "PID=$!"
        setsid sleep 600 < /dev/null > /dev/null 2>&1 &
        echo "PID=$!"
        echo ready
        wait
        """;

    [Fact]
    public async Task AgentKilled_StartedAgain_AttemptsAreLostAtOnceAndItsProcessesAreGone()
    {
        await using var site = await Site.Start(output);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2), TimeProvider.System);
        var agent = await site.StartAgent("worker");
        var run = await site.StartRun(await site.Define("restart", Pipeline(site.Folder)));
        var again = await ReadyProcesses(site, run, "build.again/1", limit.Token);
        var once = await ReadyProcesses(site, run, "build.once/1", limit.Token);

        await agent.Kill();
        var restarted = TimeProvider.System.GetTimestamp();
        await site.StartAgent("worker");
        var lost = await site.Attempt(run, "build.once/1", AttemptState.Lost, limit.Token);
        var took = TimeProvider.System.GetElapsedTime(restarted);
        output.WriteLine($"lost {took.TotalSeconds:0.00} s after the start of the new agent");
        Assert.All(again.Concat(once), process => Assert.False(Leftovers.Runs(process), $"Process {process} outlived its agent."));
        Assert.Equal(Reasons.AgentRestarted, lost.Reason);
        Assert.InRange(took, TimeSpan.Zero, TimeSpan.FromSeconds(10));

        await site.End(run, limit.Token);
        Assert.Equal(
            """
            run Failed JobFailed
            stage build Failed 
            attempt build.again/1 Lost AgentRestarted exit  by stage with {}
            attempt build.again/2 Succeeded  exit 0 by retry-rule with {}
            attempt build.once/1 Lost AgentRestarted exit  by stage with {}
            """,
            await site.Tell(run));
        Assert.Equal(["again 1", "again 2", "once 1"], (await File.ReadAllLinesAsync(Path.Combine(site.Folder, "starts"))).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task AgentKilled_NotStartedAgain_IsSuspectInTimeAndLosesItsAttempt()
    {
        await using var site = await Site.Start(output);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2), TimeProvider.System);
        var agent = await site.StartAgent("worker");
        var run = await site.StartRun(await site.Define("silence", Pipeline(site.Folder)));
        var processes = await ReadyProcesses(site, run, "build.again/1", limit.Token);

        await agent.Kill();
        var killed = TimeProvider.System.GetTimestamp();
        // Agents have no stream of events, so this looks again and again; the time it may take is what is tested.
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        while ((await site.Agent("worker")).State != AgentState.Suspect)
        {
            await timer.WaitForNextTickAsync(limit.Token);
        }

        var suspect = TimeProvider.System.GetElapsedTime(killed);
        output.WriteLine($"suspect {suspect.TotalSeconds:0.00} s after the kill");
        Assert.InRange(suspect, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15));
        Assert.All(processes, process => Assert.False(Leftovers.Runs(process), $"Process {process} outlived its agent."));

        var lost = await site.Attempt(run, "build.again/1", AttemptState.Lost, limit.Token);
        var after = TimeProvider.System.GetElapsedTime(killed);
        output.WriteLine($"lost {after.TotalSeconds:0.00} s after the kill");
        Assert.Equal(Reasons.AgentLost, lost.Reason);
        // Of the 30 s the agent had used up at most the 5 s between two renewals when it was killed.
        Assert.InRange(after, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(32));

        await site.StartAgent("other");
        await site.Attempt(run, "build.again/2", AttemptState.Succeeded, limit.Token);
    }

    private static string Pipeline(string folder) => $$"""
        stages:
          - name: build
            jobs:
              again:
                lostAfter: 30s
                retry: { limit: 1, on: [lost] }
                steps:
                  - |
                    echo "again $CONTROL_ATTEMPT" >> "{{folder}}/starts"
                    test "$CONTROL_ATTEMPT" = 1 || exit 0
        {{Indented}}
              once:
                retry: { limit: 1, on: [failure, timeout] }
                steps:
                  - |
                    echo "once $CONTROL_ATTEMPT" >> "{{folder}}/starts"
        {{Indented}}
        """;

    private static string Indented => string.Join('\n', Endless.Split('\n').Select(line => $"            {line}"));

    private static async Task<IReadOnlyList<string>> ReadyProcesses(Site site, RunId run, string key, CancellationToken limit)
    {
        var attempt = await site.Attempt(run, key, AttemptState.Running, limit);
        var processes = Timeline.Processes(await site.LogUntil(attempt.Id, "ready", limit));
        Assert.Equal(3, processes.Count);
        Assert.All(processes, process => Assert.True(Leftovers.Runs(process)));
        return processes;
    }
}
