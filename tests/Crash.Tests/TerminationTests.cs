using Control.Contracts.Runs;
using Xunit.Abstractions;

namespace Control.Crash.Tests;

/// <summary>SIGTERM, as service managers send it: what runs is ended and told of, and the exit code is 0.</summary>
public sealed class TerminationTests(ITestOutputHelper output)
{
    private const string Pipeline = """
        stages:
          - name: build
            jobs:
              endless:
                retry: { limit: 1, on: [lost] }
                steps:
                  - |
                    test "$CONTROL_ATTEMPT" = 1 || exit 0
                    echo "PID=$$"
                    sleep 600 &
                    echo "PID=$!"
                    echo ready
                    wait
        """;

    [Fact]
    public async Task Agent_Terminated_EndsItsJobsTellsAndExitsWithZero()
    {
        await using var site = await Site.Start(output);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2), TimeProvider.System);
        var agent = await site.StartAgent("worker");
        var (run, processes) = await StartEndless(site, limit.Token);

        var began = TimeProvider.System.GetTimestamp();
        Assert.Equal(0, await agent.Terminate());
        output.WriteLine($"the agent took {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.0} s to end");

        Assert.All(processes, process => Assert.False(Leftovers.Runs(process)));
        Assert.Equal(Reasons.AgentLost, (await site.Attempt(run, "build.endless/1", AttemptState.Lost, limit.Token)).Reason);
        await site.StartAgent("worker");
        await site.Attempt(run, "build.endless/2", AttemptState.Succeeded, limit.Token);
    }

    [Fact]
    public async Task Server_TerminatedWithAJobOfItsAgentInside_LeavesNothingAndGoesOnAfterTheStart()
    {
        await using var site = await Site.Start(output, insideCapacity: 2);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2), TimeProvider.System);
        var (run, processes) = await StartEndless(site, limit.Token);

        var began = TimeProvider.System.GetTimestamp();
        Assert.Equal(0, await site.Server.Terminate());
        output.WriteLine($"the server took {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.0} s to end");

        Assert.All(processes, process => Assert.False(Leftovers.Runs(process)));
        Assert.Empty(await Leftovers.WaitUntilNone(site.Folder, [.. site.Silos.Select(silo => silo.Id)]));
        await site.StartServer(insideCapacity: 2);
        await site.Attempt(run, "build.endless/2", AttemptState.Succeeded, limit.Token);
    }

    [Fact]
    public async Task Server_TerminatedWithParkedAgentAndOpenStream_ExitsWithZero()
    {
        await using var site = await Site.Start(output);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2), TimeProvider.System);
        await site.StartAgent("worker");
        var (run, processes) = await StartEndless(site, limit.Token);
        await using var stream = site.Client.WatchRunAsync(run, 0, limit.Token).GetAsyncEnumerator(limit.Token);
        Assert.True(await stream.MoveNextAsync());

        var began = TimeProvider.System.GetTimestamp();
        Assert.Equal(0, await site.Server.Terminate());
        output.WriteLine($"the server took {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.0} s to end");

        Assert.All(processes, process => Assert.True(Leftovers.Runs(process)));
    }

    private static async Task<(RunId Run, IReadOnlyList<string> Processes)> StartEndless(Site site, CancellationToken limit)
    {
        var run = await site.StartRun(await site.Define("endless", Pipeline));
        var attempt = await site.Attempt(run, "build.endless/1", AttemptState.Running, limit);
        return (run, Timeline.Processes(await site.LogUntil(attempt.Id, "ready", limit)));
    }
}
