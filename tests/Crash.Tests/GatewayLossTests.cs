using System.Globalization;
using System.Text;
using Control.Contracts.Runs;
using Xunit.Abstractions;

namespace Control.Crash.Tests;

/// <summary>The gateway that an agent talks to dies, or goes silent, in the middle of a job.</summary>
public sealed class GatewayLossTests(ITestOutputHelper output)
{
    private const int Lines = 2000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task GatewayLost_JobWritesOn_TheOtherGetsEveryByteAndTheLeaseHolds(bool isSilent)
    {
        await using var site = await Site.Start(output, silos: 2);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3), TimeProvider.System);
        int[] ports = [Site.FreePort(), Site.FreePort()];
        var first = await site.StartGateway(ports[0]);
        await site.StartGateway(ports[1]);
        await site.StartAgent("worker", gateways: ports);
        using var other = site.ClientWith(await site.AdminToken(), ports[1]);
        var run = await site.StartRun(await site.Define("chatty", $$"""
            stages:
              - name: build
                jobs:
                  talk:
                    steps:
                      - |
                        for i in $(seq {{Lines / 2}}); do echo "line $i"; done
                        until [ -e {{site.Folder}}/go ]; do sleep 0.05; done
                        for i in $(seq {{(Lines / 2) + 1}} {{Lines}}); do echo "line $i"; done
            """));
        var attempt = new AttemptId(run, new JobKey("build", "talk"), 1);
        await site.LogUntil(attempt, $"line {Lines / 2}\n", limit.Token);

        await (isSilent ? first.Pause() : first.Kill());
        var lost = TimeProvider.System.GetTimestamp();
        await File.WriteAllTextAsync(Path.Combine(site.Folder, "go"), "");
        var log = new StringBuilder();
        // Followed through the gateway that is left, like everything a user would do now.
        await foreach (var chunk in other.FollowLogAsync(attempt, 0, limit.Token))
        {
            log.Append(Encoding.UTF8.GetString(chunk.Bytes.Span));
        }

        output.WriteLine($"the whole log was there {TimeProvider.System.GetElapsedTime(lost).TotalSeconds:0.00} s after the gateway was lost");
        Assert.Equal(
            Enumerable.Range(1, Lines).Select(line => string.Create(CultureInfo.InvariantCulture, $"line {line}")),
            log.ToString().Split('\n').Where(line => line.StartsWith("line ", StringComparison.Ordinal)));
        await site.End(run, limit.Token);
        Assert.Equal("run Succeeded \nstage build Succeeded \nattempt build.talk/1 Succeeded  exit 0 by stage with {}", await site.Tell(run));
    }

    [Fact]
    public async Task Gateway_FolderOfNoCluster_SaysHowToMakeOne()
    {
        var folder = Directory.CreateTempSubdirectory("control-crash-").FullName;
        try
        {
            await using var gateway = ControlProcess.Start(folder, "127.0.0.1:1", "api", "run", "--data", "nothing", "--cluster-listen", "127.0.0.1:0");
            Assert.NotEqual(0, await gateway.Exit());
            Assert.Contains("control server init", await gateway.AllOutput(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task ServerInit_NewFolder_HasWhatGatewaysAndSilosShare()
    {
        var folder = Directory.CreateTempSubdirectory("control-crash-").FullName;
        try
        {
            foreach (var _ in Enumerable.Range(0, 2))
            {
                await using var init = ControlProcess.Start(folder, redis: null, "server", "init", "--data", "data");
                Assert.Equal(0, await init.Exit());
            }

            string[] shared = ["secret-keys.json", "server.pem", "silos.pem"];
            Assert.Equal(shared, Directory.GetFiles(Path.Combine(folder, "data")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
            Assert.All(shared, name => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, "data", name))));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
