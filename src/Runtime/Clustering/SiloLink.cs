using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Control.Runtime.Codecs;
using Control.Runtime.Silo;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Control.Runtime.Clustering;

/// <summary>
/// The calls of this silo to another, over one connection. It is made when first needed and anew when it is lost; a peer whose
/// connection was lost and who refuses a new one is dead, and is removed from the cluster at once.
/// </summary>
internal sealed partial class SiloLink(SiloId peer, Cluster cluster, ILogger log) : IRequestCarrier, IAsyncDisposable
{
    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(3);

    private readonly ConcurrentDictionary<long, GrainRequest> _inFlight = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _gate = new();
    private readonly List<GrainRequest> _waiting = [];
    private readonly List<(FrameKind Kind, byte[] Payload)> _notes = [];
    private volatile FrameStream? _frames;
    private Task _connecting = Task.CompletedTask;
    private bool _isRunning;
    private bool _isClosed;
    private bool _wasEverOpen;
    private long _lastNumber;

    /// <summary>Sends a call.</summary>
    public void Send(GrainRequest request)
    {
        if (_frames is { } frames) Write(frames, request);
        else Wait(request);
    }

    /// <summary>Sends a frame that has no answer.</summary>
    public void Tell(FrameKind kind, byte[] payload)
    {
        lock (_gate)
        {
            if (_isClosed || _frames?.TrySend(kind, payload) == true) return;
            _notes.Add((kind, payload));
            Connect();
        }
    }

    /// <inheritdoc/>
    public void Cancel(GrainRequest request)
    {
        if (!_inFlight.TryRemove(KeyValuePair.Create(request.Number, request))) return;
        var writer = Wire.Writer();
        writer.WriteVarint((ulong)request.Number);
        _frames?.TrySend(FrameKind.Cancel, writer.Written);
    }

    /// <summary>The peer is out of the view: what was sent to it has an unknown outcome, what was not goes to where its grain lives now.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_isClosed) return;
            _isClosed = true;
        }

        await _ended.CancelAsync().ConfigureAwait(false);
        if (_frames is { } frames) await frames.DisposeAsync().ConfigureAwait(false);
        await _connecting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        FailAll();
        foreach (var request in TakeWaiting()) cluster.Reroute(request);
    }

    private void Wait(GrainRequest request)
    {
        lock (_gate)
        {
            if (!_isClosed)
            {
                // It may have been opened just now.
                if (_frames is { } frames) Write(frames, request);
                else _waiting.Add(request);
                Connect();
                return;
            }
        }

        cluster.Reroute(request);
    }

    private void Connect()
    {
        if (_frames is not null || _isRunning) return;
        _isRunning = true;
        _connecting = Task.Run(RunAsync);
    }

    private void Write(FrameStream frames, GrainRequest request)
    {
        if (request.Answer.IsCompleted) return;
        var number = Interlocked.Increment(ref _lastNumber);
        // In this order: whoever cancels it finds it under its number.
        request.Number = number;
        _inFlight[number] = request;
        request.Carrier = this;
        var isSent = false;
        try
        {
            var writer = Wire.Writer();
            cluster.Wire.WriteRequest(writer, request, number, cluster.View.Version, cluster.TimeLeft(request));
            isSent = frames.TrySend(FrameKind.Request, writer.Written);
        }
        catch (Exception fault) when (fault is WireFormatException or ArgumentException)
        {
            if (_inFlight.TryRemove(number, out _)) GrainSilo.Fail(request, fault);
            return;
        }

        if ((!isSent || _frames != frames) && _inFlight.TryRemove(number, out _)) GrainSilo.Fail(request, Lost());
    }

    private async Task RunAsync()
    {
        var wasOpen = false;
        while (!_ended.IsCancellationRequested)
        {
            try
            {
                await ConnectAndReadAsync(() => wasOpen = true).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                // Whatever it is, calls must not be left waiting.
                Close();
                if (_ended.IsCancellationRequested || !await GoesOnAsync(fault, wasOpen).ConfigureAwait(false)) return;
                wasOpen = false;
            }
        }
    }

    // Until the connection is over.
    private async Task ConnectAndReadAsync(Action opened)
    {
        var stream = await DialAsync().ConfigureAwait(false);
        await using var frames = new FrameStream(stream);
        Open(frames);
        opened();
        await frames.ReadAsync(OnFrame, _ended.Token).ConfigureAwait(false);
        throw new IOException("The other silo closed the connection.");
    }

    private async Task<Stream> DialAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        limit.CancelAfter(ConnectWithin);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPEndPoint.Parse(peer.Endpoint), limit.Token).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        var stream = await cluster.Tls.DialAsync(socket, limit.Token).ConfigureAwait(false);
        try
        {
            await GreetAsync(stream, limit.Token).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task GreetAsync(Stream stream, CancellationToken cancellationToken)
    {
        await FrameStream.SendOneAsync(stream, FrameKind.Hello, new Hello(cluster.Name, cluster.Self, peer, Version: cluster.View.Version).ToBytes(), cancellationToken).ConfigureAwait(false);
        var answer = Hello.Parse(await FrameStream.ReadOneAsync(stream, FrameKind.Hello, Hello.MaxLength, cancellationToken).ConfigureAwait(false));
        if (answer.Refusal.Length == 0) return;
        if (answer.Refusal == Hello.NoMember) await cluster.HearOutAsync(answer.Version).ConfigureAwait(false);
        throw answer.From == peer ? new IOException(answer.Refusal) : new SiloReplacedException();
    }

    private void Open(FrameStream frames)
    {
        lock (_gate)
        {
            _frames = frames;
            _wasEverOpen = true;
            foreach (var (kind, payload) in _notes) frames.TrySend(kind, payload);
            _notes.Clear();
            foreach (var request in _waiting) Write(frames, request);
            _waiting.Clear();
        }
    }

    private void Close()
    {
        _frames = null;
        FailAll();
    }

    // After a lost connection a new one is tried once; whoever refuses it is gone.
    private async Task<bool> GoesOnAsync(Exception fault, bool wasOpen)
    {
        LogLost(log, peer, fault);
        if (wasOpen && cluster.View.Contains(peer)) return true;
        if (await IsDeadAsync(fault).ConfigureAwait(false)) await cluster.EvictAsync(peer, "it refuses connections").ConfigureAwait(false);
        var isGone = !cluster.View.Contains(peer);
        foreach (var request in TakeWaiting())
        {
            if (isGone) cluster.Reroute(request);
            else GrainSilo.Fail(request, new SiloUnavailableException($"Silo {peer} cannot be reached: {fault.Message}"));
        }

        return false;
    }

    // Whoever never had a connection may have no way to it, past a firewall: its lease must be old as well.
    private async ValueTask<bool> IsDeadAsync(Exception fault) => fault switch
    {
        SiloReplacedException => true,
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => _wasEverOpen || await cluster.IsSilentAsync(peer).ConfigureAwait(false),
        _ => false,
    };

    private List<GrainRequest> TakeWaiting()
    {
        lock (_gate)
        {
            List<GrainRequest> waiting = [.. _waiting];
            _waiting.Clear();
            _notes.Clear();
            _isRunning = false;
            return waiting;
        }
    }

    private void FailAll()
    {
        foreach (var number in _inFlight.Keys)
        {
            if (_inFlight.TryRemove(number, out var request)) GrainSilo.Fail(request, Lost());
        }
    }

    private void OnFrame(FrameKind kind, ReadOnlySpan<byte> payload)
    {
        if (kind != FrameKind.Answer) throw new WireFormatException($"The other silo sent a frame {kind}, which is no answer.");
        var reader = new WireReader(payload);
        if (!_inFlight.TryRemove((long)reader.ReadVarint(), out var request)) return;
        request.Carrier = null;
        try
        {
            Take((AnswerKind)reader.ReadVarint(), request, ref reader);
        }
        catch (WireFormatException fault)
        {
            GrainSilo.Fail(request, fault);
        }
    }

    private void Take(AnswerKind kind, GrainRequest request, ref WireReader reader)
    {
        switch (kind)
        {
            case AnswerKind.Result:
                GrainSilo.Answer(request, ref reader);
                break;
            case AnswerKind.Fault:
                GrainSilo.Fail(request, cluster.Wire.Faults.Read(ref reader));
                break;
            case AnswerKind.Cancelled:
                GrainSilo.Cancel(request);
                break;
            case AnswerKind.Misplaced:
                cluster.RerouteAfter(request, (long)reader.ReadVarint());
                break;
            default:
                throw reader.Corrupt("a call ended in an unknown way");
        }
    }

    private SiloUnavailableException Lost() => new($"The connection to silo {peer} was lost. Whether the call took effect is unknown.");

    /// <summary>Another silo listens at the address.</summary>
    private sealed class SiloReplacedException() : IOException("Another silo has its address.");

    [LoggerMessage(40, LogLevel.Warning, "No connection to silo {Peer}")]
    private static partial void LogLost(ILogger log, SiloId peer, Exception fault);
}
