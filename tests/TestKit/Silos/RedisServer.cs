using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Control.TestKit.Silos;

/// <summary>A Redis of a test's own, on loopback and in memory only. Its membership view is all that is kept there.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly Process _process;

    private RedisServer(Process process, string address) => (_process, Address) = (process, address);

    /// <summary>As StackExchange.Redis reads it.</summary>
    public string Address { get; }

    /// <summary>Starts it; returns once it answers.</summary>
    public static async Task<RedisServer> StartAsync()
    {
        while (true)
        {
            // Another program may take the port before Redis does; only binding it decides.
            if (await TryStartAsync(FreePort()) is { } server) return server;
        }
    }

    // Null when the port was taken.
    private static async Task<RedisServer?> TryStartAsync(int port)
    {
        var start = new ProcessStartInfo(
            "redis-server",
            ["--port", port.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", Path.GetTempPath()])
        { RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        var said = "";
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            said += line + "\n";
            if (!line.Contains("Ready to accept connections", StringComparison.Ordinal)) continue;
            _ = process.StandardOutput.ReadToEndAsync();
            return new RedisServer(process, string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"));
        }

        await process.WaitForExitAsync();
        process.Dispose();
        return said.Contains("Address already in use", StringComparison.Ordinal) ? null : throw new InvalidOperationException($"redis-server did not start: {said}");
    }

    /// <summary>A port of loopback that nobody listens to just now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
