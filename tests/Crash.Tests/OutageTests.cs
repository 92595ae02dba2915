using System.Diagnostics;
using Control.Contracts.Runs;
using Xunit.Abstractions;

namespace Control.Crash.Tests;

/// <summary>The server is away for a minute while jobs run.</summary>
public sealed class OutageTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(60)]
    public async Task ServerKilled_StartedLater_JobsWentOnAndLogsAreComplete(int downSeconds)
    {
        await using var site = await Site.Start(output);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3), TimeProvider.System);
        await site.StartAgent("worker");
        foreach (var fifo in (string[])["go-first", "done-first", "go-second"])
        {
            await Gate.Make(site, fifo);
        }

        var run = await site.StartRun(await site.Define("outage", Pipeline(site.Folder)));
        var first = (await site.Attempt(run, "build.first/1", AttemptState.Running, limit.Token)).Id;
        var second = (await site.Attempt(run, "build.second/1", AttemptState.Running, limit.Token)).Id;
        await site.LogUntil(first, "ready", limit.Token);
        await site.LogUntil(second, "ready", limit.Token);

        await site.Server.DisposeAsync();
        var killed = TimeProvider.System.GetTimestamp();
        await Gate.Open(site, "go-first", limit.Token);
        await Gate.Pass(site, "done-first", limit.Token);
        // The outage itself: nothing happens that could be waited for.
        await Task.Delay(TimeSpan.FromSeconds(downSeconds) - TimeProvider.System.GetElapsedTime(killed), TimeProvider.System, limit.Token);
        var restarted = TimeProvider.System.GetUtcNow();
        await site.StartServer();
        output.WriteLine($"down for {TimeProvider.System.GetElapsedTime(killed).TotalSeconds:0.0} s");

        var ended = await site.Attempt(run, "build.first/1", AttemptState.Succeeded, limit.Token);
        Assert.True(ended.FinishedAt < restarted - TimeSpan.FromSeconds(downSeconds / 2), $"It ended during the outage, not at {ended.FinishedAt:O}.");
        output.WriteLine($"the job that ended meanwhile was known {TimeProvider.System.GetElapsedTime(killed).TotalSeconds:0.0} s after the kill");
        await Gate.Open(site, "go-second", limit.Token);
        await site.End(run, limit.Token);

        Assert.Equal(
            """
            run Succeeded 
            stage build Succeeded 
            stage after Succeeded 
            attempt after.read/1 Succeeded  exit 0 by stage with {}
            attempt build.first/1 Succeeded  exit 0 by stage with {"RESULT":"of first"}
            attempt build.second/1 Succeeded  exit 0 by stage with {}
            """,
            await site.Tell(run));
        await AssertComplete(site, first, limit.Token);
        await AssertComplete(site, second, limit.Token);
        Assert.Equal(["after", "first", "second"], (await File.ReadAllLinesAsync(Path.Combine(site.Folder, "starts"))).Order(StringComparer.Ordinal));
    }

    // Bytes of any value, written before, during and after the outage. How long the server takes to be back on a loaded machine
    // is not what is tested: the jobs bear more than that.
    private static string Pipeline(string folder) => $$"""
        stages:
          - name: build
            jobs:
              first:
                lostAfter: 5m
                outputs: [RESULT]
                steps:
                  - |
                    echo first >> "{{folder}}/starts"
                    head -c 200000 /dev/urandom | tee "{{folder}}/bytes-first"
                    echo ready
                    read go < "{{folder}}/go-first"
                    head -c 2000000 /dev/urandom > "{{folder}}/more-first"
                    cat "{{folder}}/more-first"
                    echo "RESULT=of first" >> "$CONTROL_OUTPUT"
                    echo done > "{{folder}}/done-first"
              second:
                lostAfter: 5m
                steps:
                  - |
                    echo second >> "{{folder}}/starts"
                    head -c 200000 /dev/urandom | tee "{{folder}}/bytes-second"
                    echo ready
                    read go < "{{folder}}/go-second"
                    head -c 200000 /dev/urandom > "{{folder}}/more-second"
                    cat "{{folder}}/more-second"
          - name: after
            jobs:
              read:
                steps:
                  - test "$RESULT" = "of first"
                  - echo after >> "{{folder}}/starts"
        """;

    private static async Task AssertComplete(Site site, AttemptId attempt, CancellationToken limit)
    {
        var log = await site.Log(attempt, limit);
        var job = attempt.Job.Job;
        var early = await File.ReadAllBytesAsync(Path.Combine(site.Folder, $"bytes-{job}"), limit);
        var late = await File.ReadAllBytesAsync(Path.Combine(site.Folder, $"more-{job}"), limit);
        byte[] written = [.. early, .. "ready\n"u8, .. late];
        Assert.True(log.AsSpan().IndexOf(written) >= 0, $"The log of {attempt} has {log.Length} bytes, but not the {written.Length} that were written in one piece.");
        Assert.Equal((await site.Client.GetAttemptsAsync(attempt.Run, limit)).Single(view => view.Id == attempt).LogLength, log.Length);
    }
}

/// <summary>Named pipes: jobs wait at them for the test, and the test for jobs.</summary>
internal static class Gate
{
    public static async Task Make(Site site, string name)
    {
        using var mkfifo = Process.Start("mkfifo", ["-m", "666", Path.Combine(site.Folder, name)]);
        await mkfifo.WaitForExitAsync();
    }

    /// <summary>Lets the job that reads go on.</summary>
    public static Task Open(Site site, string name, CancellationToken limit) => Use(site, "echo go > \"$1\"", name, limit);

    /// <summary>Waits for the job that writes.</summary>
    public static Task Pass(Site site, string name, CancellationToken limit) => Use(site, "read line < \"$1\"", name, limit);

    // By a process: opening a pipe blocks until the other side is there, and a process can be killed then.
    private static async Task Use(Site site, string script, string name, CancellationToken limit)
    {
        using var shell = Process.Start("sh", ["-c", script, "sh", Path.Combine(site.Folder, name)]);
        try
        {
            await shell.WaitForExitAsync(limit);
        }
        finally
        {
            shell.Kill();
        }
    }
}
