using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Control.Runtime.Clustering;

/// <summary>Takes the connections of other silos. Whoever does not show the cluster's certificate gets nowhere.</summary>
internal sealed partial class SiloListener(Cluster cluster, ILogger log) : IAsyncDisposable
{
    // Of all connections; each other silo has one.
    private const int MaxConnections = 256;

    private static readonly TimeSpan HandshakeWithin = TimeSpan.FromSeconds(5);

    // After the kernel could not give a connection, as when this process has too many files open.
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _ended = new();
    private readonly ConcurrentDictionary<Task, object?> _connections = new();
    private readonly ConcurrentDictionary<CancellationTokenSource, SiloId> _peers = new();
    private readonly SemaphoreSlim _free = new(MaxConnections);
    private Socket? _socket;
    private Task _accepting = Task.CompletedTask;

    /// <summary>Listens.</summary>
    /// <returns>Where.</returns>
    /// <exception cref="OrleansConfigurationException">The endpoint is taken, or not this machine's.</exception>
    public string Start(IPEndPoint endpoint)
    {
        _socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _socket.Bind(endpoint);
            _socket.Listen(backlog: 128);
        }
        catch (SocketException fault)
        {
            throw new OrleansConfigurationException(
                $"The silo cannot listen on {endpoint}: {fault.Message}. Give it an address of this machine and a port that is free.", fault);
        }

        _accepting = Task.Run(AcceptAsync);
        return _socket.LocalEndPoint!.ToString()!;
    }

    /// <summary>Ends the connections that a silo made which is out of the cluster.</summary>
    public void Drop(SiloId peer)
    {
        foreach (var (connection, from) in _peers)
        {
            if (from == peer) _ = connection.CancelAsync();
        }
    }

    /// <summary>Takes no more connections; those that there are go on.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        _socket?.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.WhenAll(_connections.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            await _free.WaitAsync(_ended.Token).ConfigureAwait(false);
            if (await TryAcceptAsync().ConfigureAwait(false) is not { } socket)
            {
                _free.Release();
                await Task.Delay(AcceptPause, TimeProvider.System, _ended.Token).ConfigureAwait(false);
                continue;
            }

            var serving = Task.Run(() => ServeAsync(socket));
            _connections[serving] = null;
            _ = serving.ContinueWith(
                ended =>
                {
                    _connections.TryRemove(ended, out _);
                    if (!_ended.IsCancellationRequested) _free.Release();
                },
                TaskScheduler.Default);
        }
    }

    private async Task<Socket?> TryAcceptAsync()
    {
        try
        {
            return await _socket!.AcceptAsync(_ended.Token).ConfigureAwait(false);
        }
        catch (SocketException fault) when (!_ended.IsCancellationRequested)
        {
            LogNotAccepted(log, fault);
            return null;
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        var from = socket.RemoteEndPoint;
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
            limit.CancelAfter(HandshakeWithin);
            await using var stream = await cluster.Tls.AcceptAsync(socket, limit.Token).ConfigureAwait(false);
            var hello = Hello.Parse(await FrameStream.ReadOneAsync(stream, FrameKind.Hello, Hello.MaxLength, limit.Token).ConfigureAwait(false));
            var refusal = await RefusalAsync(hello).ConfigureAwait(false);
            await FrameStream.SendOneAsync(stream, FrameKind.Hello, new Hello(cluster.Name, cluster.Self, hello.From, refusal, cluster.View.Version).ToBytes(), limit.Token).ConfigureAwait(false);
            if (refusal.Length == 0) await ServeAsync(stream, hello.From).ConfigureAwait(false);
            else LogRefused(log, from, refusal);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            if (!_ended.IsCancellationRequested) LogEnded(log, from, fault.Message);
        }
    }

    private async Task ServeAsync(Stream stream, SiloId peer)
    {
        var frames = new FrameStream(stream);
        var calls = new InboundCalls(peer, frames, cluster);
        using var dropped = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        _peers[dropped] = peer;
        try
        {
            await frames.ReadAsync(calls.OnFrame, dropped.Token).ConfigureAwait(false);
        }
        finally
        {
            _peers.TryRemove(dropped, out _);
            // In this order: nobody is told that a call was cancelled which the caller only lost sight of.
            await frames.DisposeAsync().ConfigureAwait(false);
            calls.CancelAll();
        }
    }

    private async Task<string> RefusalAsync(Hello hello)
    {
        if (hello.Cluster != cluster.Name) return $"This silo is of the cluster '{cluster.Name}', not of '{hello.Cluster}'.";
        if (hello.To != cluster.Self) return $"This is silo {cluster.Self}; {hello.To} is gone.";
        // It may have joined just now. Whoever knows a view as new as this silo's knows whether it is in it: it may have left.
        if (!cluster.View.Contains(hello.From)) await cluster.RefreshAsync().ConfigureAwait(false);
        return cluster.View is var view && (view.Contains(hello.From) || hello.Version >= view.Version) ? "" : Hello.NoMember;
    }

    [LoggerMessage(52, LogLevel.Warning, "A connection could not be taken; it goes on in a moment")]
    private static partial void LogNotAccepted(ILogger log, Exception fault);

    [LoggerMessage(50, LogLevel.Warning, "A connection from {From} was refused: {Refusal}")]
    private static partial void LogRefused(ILogger log, EndPoint? from, string refusal);

    [LoggerMessage(51, LogLevel.Information, "A connection from {From} ended: {Reason}")]
    private static partial void LogEnded(ILogger log, EndPoint? from, string reason);
}
