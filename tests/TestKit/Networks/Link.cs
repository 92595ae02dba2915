using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Control.TestKit.Networks;

/// <summary>
/// A connection that can be bad: stands at a port of loopback and passes bytes to one of the ends behind it, the next for each
/// new connection, as a load balancer does. It can cut all connections, refuse new ones and delay what it passes on.
/// </summary>
internal sealed class Link : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<Socket, bool> _clients = new();
    private readonly Func<IReadOnlyList<EndPoint>> _ends;
    private uint _next;

    /// <summary>Listens at once.</summary>
    /// <param name="ends">Where connections may go at the moment: TCP or Unix.</param>
    public Link(Func<IReadOnlyList<EndPoint>> ends)
    {
        _ends = ends;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _ = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port { get; }

    /// <summary>False: whoever connects is cut off at once. Default: true.</summary>
    public bool IsOpen { get; set; } = true;

    /// <summary>How much later every piece is passed on, up to 64 KiB in each direction. Default: not at all.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>Resets every connection there is.</summary>
    public void Cut()
    {
        foreach (var client in _clients.Keys) Reset(client);
    }

    /// <summary>Cuts all off and lets no one else in.</summary>
    public void Dispose()
    {
        IsOpen = false;
        _listener.Dispose();
        Cut();
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // It is over already.
        }

        socket.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptAsync());
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Disposed.
        }
    }

    private async Task ServeAsync(Socket client)
    {
        _clients[client] = true;
        try
        {
            if (!IsOpen || await ConnectAsync() is not { } end) return;
            using (end)
            {
                client.NoDelay = true;
                if (end.AddressFamily == AddressFamily.InterNetwork) end.NoDelay = true;
                await Task.WhenAny(CopyAsync(client, end), CopyAsync(end, client));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The client was cut off before it began.
        }
        finally
        {
            _clients.TryRemove(client, out _);
            client.Dispose();
        }
    }

    // The first that takes the connection; null when none does.
    private async Task<Socket?> ConnectAsync()
    {
        var ends = _ends();
        var first = Interlocked.Increment(ref _next);
        for (var i = 0u; i < ends.Count; i++)
        {
            var end = ends[(int)((first + i) % (uint)ends.Count)];
            var socket = new Socket(end.AddressFamily, SocketType.Stream, end.AddressFamily == AddressFamily.Unix ? ProtocolType.Unspecified : ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(end);
                return socket;
            }
            catch (SocketException)
            {
                socket.Dispose();
            }
        }

        return null;
    }

    private async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (await from.ReceiveAsync(buffer) is var count and > 0)
            {
                if (Delay is { Ticks: > 0 } delay) await Task.Delay(delay, TimeProvider.System);
                for (var sent = 0; sent < count;) sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // One of the two is gone: so is the connection.
        }
    }
}
