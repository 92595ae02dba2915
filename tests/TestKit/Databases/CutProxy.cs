using System.Net.Sockets;

namespace Control.TestKit.Databases;

/// <summary>What a <see cref="CutProxy"/> does to a COMMIT.</summary>
public enum Cut
{
    /// <summary>Loses it.</summary>
    Commit,

    /// <summary>Loses the answer to it.</summary>
    Answer,

    /// <summary>Cuts the client off and holds it back until <see cref="CutProxy.Release"/>.</summary>
    Hold,
}

/// <summary>Stands between a client and a PostgreSQL, at a socket of its own, and cuts connections at their COMMIT.</summary>
public sealed class CutProxy : IDisposable
{
    private static readonly byte[] Commit = [.. "COMMIT\0"u8];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("control-proxy-");
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly System.Collections.Concurrent.ConcurrentQueue<Cut> _cuts = new();
    private readonly string _server;

    /// <summary>Listens at once.</summary>
    public CutProxy(PostgresServer server)
    {
        _server = server.Socket;
        _listener.Bind(new UnixDomainSocketEndPoint(Path.Combine(_folder.FullName, ".s.PGSQL.5432")));
        _listener.Listen();
        _ = AcceptAsync();
    }

    /// <summary>The connection string of a store through it.</summary>
    public string Connection(string schema) => $"Host={_folder.FullName};Database=postgres;Username=postgres;Search Path={schema}";

    /// <summary>The next COMMITs meet with these, one each.</summary>
    public void Next(params Cut[] cuts) => Array.ForEach(cuts, _cuts.Enqueue);

    /// <summary>Passes on what is held back.</summary>
    public void Release() => _release.TrySetResult();

    /// <summary>Cuts nobody off, but lets no one else in.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        _folder.Delete(recursive: true);
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
        using var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        using (client)
        {
            await server.ConnectAsync(new UnixDomainSocketEndPoint(_server));
            await Task.WhenAny(ForwardAsync(client, server), CopyAsync(server, client));
        }
    }

    private async Task ForwardAsync(Socket client, Socket server)
    {
        var buffer = new byte[64 * 1024];
        while (await client.ReceiveAsync(buffer) is var count and > 0)
        {
            var cut = default(Cut);
            var isCut = buffer.AsSpan(0, count).IndexOf(Commit) >= 0 && _cuts.TryDequeue(out cut);
            if (isCut && cut == Cut.Commit)
                return;
            if (isCut && cut == Cut.Hold)
            {
                client.Dispose();
                await _release.Task;
            }
            else if (isCut)
            {
                client.Shutdown(SocketShutdown.Both);
            }

            await server.SendAsync(buffer.AsMemory(0, count));
            if (!isCut)
                continue;
            // The server has dealt with it when it answers.
            _ = await server.ReceiveAsync(buffer);
            return;
        }
    }

    private static async Task CopyAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReceiveAsync(buffer) is var count and > 0)
            await to.SendAsync(buffer.AsMemory(0, count));
    }
}
