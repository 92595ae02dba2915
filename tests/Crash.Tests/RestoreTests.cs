using Control.Cli.Client;
using Control.Contracts.Runs;
using Control.TestKit.Processes;
using Xunit.Abstractions;

namespace Control.Crash.Tests;

/// <summary>A server is put back to an earlier moment while an agent still runs what was started since.</summary>
public sealed class RestoreTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Restore_AgentRunsAJobOfTheLostTime_EndsItAndRunsTheNewRunOfThatNumber()
    {
        await using var site = await Site.Start(output, silos: 1);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3), TimeProvider.System);
        await site.StartAgent("worker");
        await site.SharedFile("process");
        var pipeline = await site.Define("back", $"stages: [{{ name: build, jobs: {{ say: {{ steps: ['echo first >> {site.Folder}/starts'] }} }} }}]");
        await site.End(await site.StartRun(pipeline), limit.Token);
        var passphrase = Path.Combine(site.Folder, "passphrase");
        await File.WriteAllTextAsync(passphrase, "once upon a midnight dreary\n", limit.Token);
        Assert.Equal(0, await Run(site, "backup", "--to", "backup", "--passphrase-file", passphrase));

        // Of this run the backup knows nothing.
        await site.Client.PutPipelineAsync(
            pipeline, $"stages: [{{ name: build, jobs: {{ say: {{ steps: ['echo lost >> {site.Folder}/starts; echo $$ >> {site.Folder}/process; echo be\\gun; sleep 600'] }} }} }}]", null, createOnly: false, limit.Token);
        var lost = await site.StartRun(pipeline);
        await site.LogUntil(new AttemptId(lost, new JobKey("build", "say"), 1), "begun", limit.Token);
        var process = Assert.Single(await File.ReadAllLinesAsync(Path.Combine(site.Folder, "process"), limit.Token));

        var reading = new TaskCompletionSource();
        var reader = ReadToTheEnd(site, lost, reading, limit.Token);
        await reading.Task.WaitAsync(limit.Token);
        await site.Server.DisposeAsync();
        Directory.Move(site.Data, site.Data + ".lost");
        Assert.Equal(0, await Run(site, "restore", "--from", "backup", "--passphrase-file", passphrase));

        File.Copy(Path.Combine(site.Data + ".lost", "admin-token"), Path.Combine(site.Data, "admin-token"));
        await site.StartServer();
        Assert.Equal("store-restored", (await Assert.ThrowsAsync<ProblemException>(() => reader)).Problem.Code);
        var again = await site.StartRun(pipeline);
        Assert.Equal(lost, again);
        await site.End(again, limit.Token);

        Assert.Equal("run Succeeded \nstage build Succeeded \nattempt build.say/1 Succeeded  exit 0 by stage with {}", await site.Tell(again));
        Assert.False(Leftovers.Runs(process), "The job of the lost time outlived the notice.");
        Assert.Equal(["first", "lost", "first"], await File.ReadAllLinesAsync(Path.Combine(site.Folder, "starts"), limit.Token));
    }

    [Fact]
    public async Task Restore_ServerRuns_IsRefusedAndTheServerGoesOn()
    {
        await using var site = await Site.Start(output, silos: 1);
        Assert.Equal(0, await Run(site, "backup", "--to", "backup"));
        Assert.NotEqual(0, await Run(site, "restored"));
        foreach (var file in Directory.GetFiles(site.Data, "*.db*")) File.Move(file, Path.Combine(site.Folder, Path.GetFileName(file)));
        Assert.NotEqual(0, await Run(site, "restore", "--from", "backup"));
        Assert.Empty(Directory.GetFiles(site.Data, "*.db*"));
        foreach (var file in Directory.GetFiles(site.Folder, "*.db*")) File.Move(file, Path.Combine(site.Data, Path.GetFileName(file)));

        Assert.Equal(0, await site.Server.Terminate());
        Assert.Equal(0, await Run(site, "restored"));
        await site.StartServer();
        Assert.Equal("crash", (await site.Client.GetWorkspaceAsync("crash", CancellationToken.None)).Value.Name);
    }

    private static async Task<int> Run(Site site, string command, params string[] options)
    {
        await using var process = ControlProcess.Start(site.Folder, redis: null, ["server", command, "--data", site.Data, .. options]);
        return await process.Exit();
    }

    private static async Task ReadToTheEnd(Site site, RunId run, TaskCompletionSource reading, CancellationToken cancellationToken)
    {
        await foreach (var item in site.Client.WatchRunAsync(run, 0, cancellationToken)) reading.TrySetResult();
    }
}
