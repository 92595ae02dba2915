using System.Collections.Concurrent;
using Control.Runtime.Codecs;

namespace Control.Runtime.Clustering;

/// <summary>The calls that come over one connection.</summary>
internal sealed class InboundCalls(SiloId peer, FrameStream frames, Cluster cluster)
{
    private readonly ConcurrentDictionary<long, GrainRequest> _running = new();

    public void OnFrame(FrameKind kind, ReadOnlySpan<byte> payload)
    {
        var reader = new WireReader(payload);
        switch (kind)
        {
            case FrameKind.Request:
                Begin(ref reader);
                break;
            case FrameKind.Cancel:
                if (_running.TryGetValue((long)reader.ReadVarint(), out var request)) cluster.Silo.Abandon(request);
                break;
            case FrameKind.Moving:
            case FrameKind.Moved:
                cluster.HandOver.Hear(peer, kind, ref reader);
                break;
            case FrameKind.Seen:
                cluster.Departure.Seen(peer, (long)reader.ReadVarint());
                break;
            default:
                throw new WireFormatException($"Silo {peer} sent a frame {kind}, which is no request.");
        }
    }

    /// <summary>Nobody is left to hear the answers.</summary>
    public void CancelAll()
    {
        foreach (var request in _running.Values) cluster.Silo.Abandon(request);
    }

    private void Begin(ref WireReader reader)
    {
        var (number, viewVersion) = Wire.ReadRequestHead(ref reader);
        GrainRequest request;
        long timeout;
        try
        {
            (request, timeout) = cluster.Wire.ReadRequest(ref reader, cluster.Silo);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            Answer(number, writer =>
            {
                writer.WriteVarint((ulong)AnswerKind.Fault);
                cluster.Wire.Faults.Write(writer, fault);
            });
            return;
        }

        _running[number] = request;
        cluster.Departure.Begun();
        _ = AnswerAsync(number, request);
        if (cluster.IsHere(request.Target.GrainId)) cluster.Silo.Receive(request, timeout);
        else _ = DecideAsync(number, request, timeout, viewVersion);
    }

    // The caller may know a newer view.
    private async Task DecideAsync(long number, GrainRequest request, long timeout, long viewVersion)
    {
        if (viewVersion > cluster.View.Version) await cluster.RefreshAsync().ConfigureAwait(false);
        if (cluster.IsHere(request.Target.GrainId))
        {
            cluster.Silo.Receive(request, timeout);
            return;
        }

        if (!_running.TryRemove(number, out _)) return;
        Answer(number, writer =>
        {
            writer.WriteVarint((ulong)AnswerKind.Misplaced);
            writer.WriteVarint((ulong)cluster.View.Version);
        });
        request.TryCancel(default);
    }

    private async Task AnswerAsync(long number, GrainRequest request)
    {
        var answer = request.Answer;
        await answer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_running.TryRemove(number, out _)) Answer(number, writer => Write(writer, request, answer));
        cluster.Departure.Ended();
    }

    private void Write(WireWriter writer, GrainRequest request, Task answer)
    {
        if (answer.IsCompletedSuccessfully)
        {
            writer.WriteVarint((ulong)AnswerKind.Result);
            request.WriteResult(writer);
        }
        else if (answer.IsCanceled)
        {
            writer.WriteVarint((ulong)AnswerKind.Cancelled);
        }
        else
        {
            writer.WriteVarint((ulong)AnswerKind.Fault);
            cluster.Wire.Faults.Write(writer, answer.Exception!.InnerException!);
        }
    }

    private void Answer(long number, Action<WireWriter> write)
    {
        var writer = Wire.Writer();
        writer.WriteVarint((ulong)number);
        try
        {
            write(writer);
            frames.TrySend(FrameKind.Answer, writer.Written);
        }
        catch (Exception fault) when (fault is WireFormatException or ArgumentException)
        {
            // A result that cannot be written is the callee's fault, and the caller's to know.
            writer.Clear();
            writer.WriteVarint((ulong)number);
            writer.WriteVarint((ulong)AnswerKind.Fault);
            cluster.Wire.Faults.Write(writer, new WireFormatException(fault.Message));
            frames.TrySend(FrameKind.Answer, writer.Written);
        }
    }
}
