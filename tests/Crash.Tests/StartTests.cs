using System.Globalization;
using Control.TestKit.Silos;

namespace Control.Crash.Tests;

/// <summary>A process that cannot join says why in one line, and what to do.</summary>
public sealed class StartTests
{
    [Fact]
    public async Task SiloAndGateway_RedisAwayOrPortTaken_SayWhyAndEnd()
    {
        using var folder = new Folder();
        await using var redis = await RedisServer.StartAsync();
        var taken = Free();
        await using var server = Start(redis.Address, taken, "server", "run", "--listen", "127.0.0.1:0", "--agent-capacity", "0");
        var address = (await server.Line("Control listens on")).Split("https://127.0.0.1:")[1].TrimEnd('/');

        var nowhere = Free();
        await Refused("error: Redis, where the silos", nowhere, Free(), "silo", "run");
        await Refused("error: Redis, where the silos", nowhere, Free(), "api", "run", "--listen", "127.0.0.1:0");
        await Refused($"error: The silo cannot listen on 127.0.0.1:{address}: ", redis.Address, $"127.0.0.1:{address}", "silo", "run");
        await Refused($"error: The silo cannot listen on {taken}: ", redis.Address, taken, "silo", "run");
        await Refused($"error: Failed to bind to address https://127.0.0.1:{address}", redis.Address, Free(), "api", "run", "--listen", $"127.0.0.1:{address}");
        Assert.Equal(0, await server.Terminate());

        async Task Refused(string told, string redisAddress, string listen, params string[] command)
        {
            await using var process = Start(redisAddress, listen, command);
            var code = await process.Exit();
            var output = await process.AllOutput();
            Assert.True(code == 1 && output.Contains(told, StringComparison.Ordinal) && !output.Contains("Unhandled", StringComparison.Ordinal), $"{code}: {output}");
        }

        ControlProcess Start(string redisAddress, string listen, params string[] command) =>
            ControlProcess.Start(folder.Path, redisAddress, [.. command, "--data", folder.Path, "--cluster-listen", listen]);
    }

    private static string Free() => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Site.FreePort()}");
}
