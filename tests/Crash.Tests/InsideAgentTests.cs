using Control.Contracts.Runs;
using Xunit.Abstractions;

namespace Control.Crash.Tests;

/// <summary>The agent inside a server that is root, as <c>make run</c> starts it: its jobs are strangers to the data folder.</summary>
public sealed class InsideAgentTests(ITestOutputHelper output)
{
    [AsRootFact]
    public async Task Job_OfTheAgentInside_CannotReadTheServersDataOrEnvironment()
    {
        await using var site = await Site.Start(output, insideCapacity: 1);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2), TimeProvider.System);
        var keys = Path.Combine(site.Data, "secret-keys.json");
        Assert.True(File.Exists(keys));
        var pipeline = $"""
            stages:
              - name: spy
                jobs:
                  all:
                    steps: ["! cat {keys}; ! cat {site.Data}/admin-token; ! ls {site.Data}; ! cat /proc/{site.Server.Id}/environ; test $(id -u) != 0"]
            """;

        var run = await site.StartRun(await site.Define("spy", pipeline));

        await site.Attempt(run, "spy.all/1", AttemptState.Succeeded, limit.Token);
    }
}
