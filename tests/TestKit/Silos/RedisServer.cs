using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Control.TestKit.Silos;

/// <summary>A Redis of a test's own, on loopback and in memory only. Its membership view is all that is kept there.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly int _port;
    private Process _process;

    private RedisServer(Process process, int port) => (_process, _port) = (process, port);

    /// <summary>As StackExchange.Redis reads it.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}");

    /// <summary>Starts it; returns once it answers.</summary>
    public static async Task<RedisServer> StartAsync()
    {
        while (true)
        {
            // Another program may take the port before Redis does; only binding it decides.
            var port = FreePort();
            if (await TryLaunchAsync(port) is { } process) return new RedisServer(process, port);
        }
    }

    /// <summary>Kills it: what it held is gone.</summary>
    public async Task StopAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Starts it again at its old address, empty.</summary>
    /// <exception cref="InvalidOperationException">Somebody else has taken the address.</exception>
    public async Task StartAgainAsync()
    {
        _process.Dispose();
        _process = await TryLaunchAsync(_port) ?? throw new InvalidOperationException($"Port {_port} was taken meanwhile.");
    }

    /// <summary>Makes it forget everything.</summary>
    public async Task FlushAsync()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _port);
        await client.GetStream().WriteAsync("FLUSHALL\r\n"u8.ToArray());
        using var reader = new StreamReader(client.GetStream());
        if (await reader.ReadLineAsync() != "+OK") throw new InvalidOperationException("Redis was not emptied.");
    }

    // Null when the port was taken.
    private static async Task<Process?> TryLaunchAsync(int port)
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
            return process;
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
