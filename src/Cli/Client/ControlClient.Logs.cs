using System.Runtime.CompilerServices;
using System.Text;
using Control.Contracts;
using Control.Contracts.Runs;

namespace Control.Cli.Client;

/// <summary>A piece of an attempt's log, byte for byte.</summary>
/// <param name="Offset">Where it begins in the log.</param>
/// <param name="Bytes">What was written there.</param>
public sealed record LogChunk(long Offset, ReadOnlyMemory<byte> Bytes);

public sealed partial class ControlClient
{
    /// <summary>A log is read in pieces of this size, so that its length does not matter.</summary>
    private const int PieceBytes = 1 << 20;

    /// <summary>What an attempt has logged so far, from an offset on.</summary>
    public async IAsyncEnumerable<LogChunk> ReadLogAsync(
        AttemptId attempt, long offset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (await ReadRangeAsync(attempt, offset, offset + PieceBytes, cancellationToken) is { Length: > 0 } bytes)
        {
            yield return new LogChunk(offset, bytes);
            offset += bytes.Length;
        }
    }

    /// <summary>
    /// What an attempt has logged and goes on to log, without gap or repeat across broken connections. Ends when the
    /// log is complete.
    /// </summary>
    public async IAsyncEnumerable<LogChunk> FollowLogAsync(
        AttemptId attempt, long offset, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var lastId = offset > 0 ? offset.ToString(CultureInfo.InvariantCulture) : null;
        await foreach (var item in StreamAsync($"{LogPath(attempt)}?follow=true", lastId, cancellationToken))
        {
            var piece = ContractJson.Read<LogText>(item.Data);
            yield return new LogChunk(piece.Offset, await ExactAsync(attempt, piece, cancellationToken));
        }
    }

    /// <summary>
    /// The bytes behind a streamed text. JSON carries only valid UTF-8: where replacement characters may stand for other
    /// bytes, the range is read again raw.
    /// </summary>
    private async Task<ReadOnlyMemory<byte>> ExactAsync(AttemptId attempt, LogText piece, CancellationToken cancellationToken) =>
        piece.Text.Contains('\uFFFD', StringComparison.Ordinal)
            ? await ReadRangeAsync(attempt, piece.Offset, piece.Next, cancellationToken)
            : Encoding.UTF8.GetBytes(piece.Text);

    /// <summary>The log's bytes from <paramref name="start"/> to before <paramref name="end"/>; fewer when it is shorter.</summary>
    private async Task<byte[]> ReadRangeAsync(AttemptId attempt, long start, long end, CancellationToken cancellationToken)
    {
        try
        {
            return await AskBytesAsync(new ApiRequest(HttpMethod.Get, LogPath(attempt), Range: (start, end)), cancellationToken);
        }
        catch (ProblemException e) when (e.Problem.Status == 416)
        {
            return []; // nothing is there yet
        }
    }

    private static string LogPath(AttemptId attempt) =>
        string.Create(CultureInfo.InvariantCulture, $"{RunPath(attempt.Run)}/jobs/{attempt.Job}/attempts/{attempt.Number}/log");

    private sealed record LogText(long Offset, long Next, string Text);
}
