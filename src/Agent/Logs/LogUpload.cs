using Control.Agent.Link;
using Control.Contracts.Agents;

namespace Control.Agent.Logs;

/// <summary>
/// Follows a spool and brings its bytes to the server, in order and exactly once: a piece counts when the server names a
/// length beyond it, and the server's length always wins over what was thought to be sent.
/// </summary>
internal sealed class LogUpload(LogSpool spool, LeaseRef lease, IJobServer server, AgentMetrics metrics, TimeProvider time)
{
    /// <summary>Longest piece.</summary>
    public const int PieceBytes = 256 * 1024;

    // Long enough to gather the lines of a chatty job, short enough to look live.
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(75);

    private readonly Backoff _backoff = new(time);

    /// <summary>Runs until the server has everything (true), or refuses the rest for good (false).</summary>
    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[PieceBytes];
        for (long offset = 0; ;)
        {
            await GatherAsync(offset, cancellationToken).ConfigureAwait(false);
            var length = spool.Read(offset, buffer);
            if (length == 0)
            {
                return true;
            }

            switch (await SendAsync(offset, buffer.AsMemory(0, length), cancellationToken).ConfigureAwait(false))
            {
                case { } next when next <= spool.Length:
                    offset = next;
                    break;
                default:
                    return false;
            }
        }
    }

    // Returns when there is a full piece, some bytes that waited long enough, or nothing more to come.
    private async Task GatherAsync(long offset, CancellationToken cancellationToken)
    {
        while (spool.Length == offset && !spool.IsComplete)
        {
            await spool.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        using var window = new CancellationTokenSource(Gather, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(window.Token, cancellationToken);
        try
        {
            while (spool.Length - offset < PieceBytes && !spool.IsComplete)
            {
                await spool.WaitAsync(either.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Waited long enough.
        }
    }

    // The offset to go on from; null when the server wants no more of this log.
    private async Task<long?> SendAsync(long offset, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        while (true)
        {
            var answer = await server.LogAsync(lease, offset, piece, cancellationToken).ConfigureAwait(false);
            switch (answer.Verdict)
            {
                case Verdict.Ok:
                    _backoff.Reset();
                    metrics.LogUploaded(piece.Length);
                    return answer.Value is { Length: >= 0 } ack ? ack.Length : offset + piece.Length;
                case Verdict.Conflict when answer.Value is { Length: >= 0 } found && found.Length != offset:
                    return found.Length;
                case Verdict.Gone or Verdict.Refused or Verdict.Removed:
                    return null;
                default:
                    await _backoff.PauseAsync(cancellationToken).ConfigureAwait(false);
                    break;
            }
        }
    }
}
