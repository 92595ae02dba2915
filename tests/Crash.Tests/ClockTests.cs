using System.Globalization;
using Control.TestKit.Databases;
using Control.TestKit.Silos;

namespace Control.Crash.Tests;

/// <summary>A machine whose clock is wrong wants to join a cluster.</summary>
public sealed class ClockTests
{
    [PostgresFact]
    public async Task SiloAndGateway_ClockAnHourOff_DoNotStartAndSayWhy_AndTheClusterGoesOn_OneThatGoesWrongLaterSaysSo()
    {
        using var folder = new Folder();
        await using var postgres = await PostgresServer.StartAsync();
        await using var redis = await RedisServer.StartAsync();
        await using var server = Start("", "server", "run", "--listen", "127.0.0.1:0", "--agent-capacity", "0");
        await server.Line("Control listens on");

        await using var early = Start("+1h", "silo", "run");
        Assert.True(await early.Exit() == 1, await early.AllOutput());
        Assert.Matches(@"error: This machine's clock is 0\.(00:59:5\d|01:00:0\d) ahead of the database's\. Set the one that is wrong", await early.AllOutput());

        await using var late = Start("-1h", "api", "run", "--listen", "127.0.0.1:0");
        Assert.True(await late.Exit() == 1, await late.AllOutput());
        Assert.Matches(@"error: This machine's clock is 0\.(00:59:5\d|01:00:0\d) behind the database's\.", await late.AllOutput());

        // Then one that goes wrong later: what this file says is read every ten seconds.
        var offsets = Path.Combine(folder.Path, "offset");
        await File.WriteAllTextAsync(offsets, "+2s");
        await using var right = Start(null, "silo", "run");
        await right.Line("Silo runs at");
        await File.WriteAllTextAsync(offsets, "+1h");
        await right.Line("ahead of the database's: set the one that is wrong");
        Assert.Equal(0, await right.Terminate());
        Assert.Equal(0, await server.Terminate());

        ControlProcess Start(string? offset, params string[] command) => ControlProcess.Start(
            folder.Path,
            new Dictionary<string, string?>
            {
                ["CONTROL_REDIS"] = redis.Address,
                ["LD_PRELOAD"] = offset is "" ? null : Library(),
                ["FAKETIME"] = offset,
                ["FAKETIME_TIMESTAMP_FILE"] = Path.Combine(folder.Path, "offset"),
                // What waits goes by the monotonic clock, which is right.
                ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
                ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
            },
            [
                .. command, "--data", folder.Path, "--database", postgres.Connection("clock"),
                "--cluster-listen", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Site.FreePort()}"),
            ]);
    }

    // Debian has a folder for each kind of processor.
    private static string Library() => Directory.EnumerateDirectories("/usr/lib")
        .Select(architecture => Path.Combine(architecture, "faketime", "libfaketimeMT.so.1"))
        .First(File.Exists);
}
