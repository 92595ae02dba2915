using Control.Contracts.Runs;
using Xunit.Abstractions;

namespace Control.Crash.Tests;

/// <summary>The disk under an agent's logs, or under the server's data, has no room left.</summary>
[Collection("second sweep")]
public sealed class FullDiskTests(ITestOutputHelper output)
{
    [AsRootFact]
    public async Task AgentsDiskFull_ByALog_TheJobFailsAndSaysSoAndTheNextOneRuns()
    {
        await using var site = await Site.Start(output);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4), TimeProvider.System);
        await site.Mount("agent-worker", megabytes: 2);
        await site.StartAgent("worker", capacity: 1);
        var run = await site.StartRun(await site.Define("loud", $$"""
            stages:
              - name: build
                jobs:
                  loud:
                    allowFailure: true
                    steps: ["echo begun; head -c 6000000 /dev/zero | tr '\\0' 'x'; echo it went on > {{site.Folder}}/starts"]
              - name: after
                jobs:
                  quiet: { steps: [echo there is room again] }
            """));

        await site.End(run, limit.Token);

        var loud = (await site.Client.GetAttemptsAsync(run, limit.Token)).Single(attempt => attempt.Id.LocalKey == "build.loud/1");
        Assert.Equal((AttemptState.Failed, Reasons.AgentError), (loud.State, loud.Reason));
        Assert.Contains("log could not be kept", loud.Message, StringComparison.Ordinal);
        Assert.Contains("space", loud.Message, StringComparison.Ordinal);
        var log = await site.Log(loud.Id, limit.Token);
        Assert.Equal(loud.LogLength, log.Length);
        Assert.StartsWith("== step 1: echo begun", System.Text.Encoding.UTF8.GetString(log), StringComparison.Ordinal);
        Assert.Equal(RunState.Succeeded, (await site.Client.GetRunAsync(run, limit.Token)).Value.State);
        await Sweep.Publish($"full disk | under the agent, by a job's log | that job fails with AgentError, {log.Length} bytes of its log kept, the next one runs\n");
    }

    [AsRootFact]
    public async Task ServersDiskFull_RoomComesBack_NothingIsLostAndTheRunGoesOn()
    {
        await using var site = await Site.Start(output, dataMegabytes: 32);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4), TimeProvider.System);
        await using var relay = await site.StartRelay();
        await site.StartAgent("worker", relay: relay);
        await Gate.Make(site, "go");
        var pipeline = await site.Define("store", Pipeline(site.Folder));
        var other = await site.Define("other", "stages: [{ name: all, jobs: { all: { steps: [\"true\"] } } }]");
        var run = await site.StartRun(pipeline);
        var attempt = (await site.Attempt(run, "build.work/1", AttemptState.Running, limit.Token)).Id;
        await site.LogUntil(attempt, "ready", limit.Token);

        var refused = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        relay.Passes = exchange =>
        {
            if (exchange is { What: "logs", Status: >= 500 and var status })
            {
                refused.TrySetResult(status);
            }

            return Task.FromResult(true);
        };
        site.Disks[0].Fill();
        await Gate.Open(site, "go", limit.Token);
        var answer = await refused.Task.WaitAsync(limit.Token);
        var starting = site.StartRun(other);
        Assert.Equal(RunState.Running, (await site.Client.GetRunAsync(run, limit.Token)).Value.State);
        site.Disks[0].Free();

        var second = await starting;
        await site.End(run, limit.Token);
        await site.End(second, limit.Token);
        Assert.Equal(
            """
            run Succeeded 
            stage build Succeeded 
            stage after Succeeded 
            attempt after.read/1 Succeeded  exit 0 by stage with {}
            attempt build.work/1 Succeeded  exit 0 by stage with {"MADE":"all of it"}
            """,
            await site.Tell(run));
        Assert.Equal("run Succeeded \nstage all Succeeded \nattempt all.all/1 Succeeded  exit 0 by stage with {}", await site.Tell(second));
        var log = await site.Log(attempt, limit.Token);
        var written = await File.ReadAllBytesAsync(Path.Combine(site.Folder, "bytes"), limit.Token);
        Assert.True(log.AsSpan().IndexOf(written) > 0, "The log is not what was written.");
        await Sweep.Publish($"full disk | under the server | HTTP {answer} to agents until there is room, then as undisturbed, log identical\n");
    }

    // More log than a full disk may still have room for in files that were longer once.
    private static string Pipeline(string folder) => $$"""
        stages:
          - name: build
            jobs:
              work:
                outputs: [MADE]
                steps:
                  - |
                    echo ready
                    read go < "{{folder}}/go"
                    head -c 3000000 /dev/urandom > "{{folder}}/bytes"
                    cat "{{folder}}/bytes"
                    echo "MADE=all of it" >> "$CONTROL_OUTPUT"
          - name: after
            jobs:
              read: { steps: ['test "$MADE" = "all of it"'] }
        """;
}

/// <summary>The server stores what an agent sends, and the answer is lost.</summary>
[Collection("second sweep")]
public sealed class LostAnswerTests(ITestOutputHelper output)
{
    [Fact]
    public async Task LogPieceStored_AnswerLost_SentAgainAndTheLogIsIdentical()
    {
        await using var site = await Site.Start(output);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4), TimeProvider.System);
        await using var relay = await site.StartRelay();
        await site.StartAgent("worker", relay: relay);
        int stored = 0, lost = 0;
        // Of every second piece, whatever became of it: the answer that tells the length the server has is lost too at times.
        relay.Passes = exchange => Task.FromResult(!(exchange is { What: "logs", Status: 200 } && Interlocked.Increment(ref stored) % 2 == 1 && Interlocked.Increment(ref lost) > 0));
        var run = await site.StartRun(await site.Define("answers", $$"""
            stages:
              - name: build
                jobs:
                  work:
                    steps: ['head -c 2000000 /dev/urandom > "{{site.Folder}}/bytes"; cat "{{site.Folder}}/bytes"']
            """));

        var attempt = (await site.Attempt(run, "build.work/1", AttemptState.Succeeded, limit.Token)).Id;
        var log = await site.Log(attempt, limit.Token);

        byte[] written = await File.ReadAllBytesAsync(Path.Combine(site.Folder, "bytes"), limit.Token);
        var at = log.AsSpan().IndexOf(written);
        Assert.True(at > 0 && log.AsSpan(at + written.Length).IndexOf("\n== step 1 ended with 0"u8) == 0, "The log is not what was written.");
        Assert.True(lost >= 3, $"{lost} answers were lost.");
        await Sweep.Publish($"lost answer | to {lost} of {stored} pieces of log that the server had stored | log identical, {log.Length} bytes\n");
    }
}
