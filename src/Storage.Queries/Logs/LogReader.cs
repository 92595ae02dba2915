using Control.Contracts.Errors;
using Control.Contracts.Runs;
using Control.Storage.Databases;

namespace Control.Storage.Queries.Logs;

/// <summary>Reads logs of attempts.</summary>
public sealed class LogReader
{
    /// <summary>Most bytes of one read: 4 MiB.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    private static readonly Statement LengthStatement = new("SELECT length FROM logs WHERE attempt = @attempt");

    // The chunk that covers the offset, and those after it.
    private static readonly Statement ChunksStatement = new("""
        SELECT c.position, c.bytes FROM chunks c
        WHERE c.log_id = (SELECT id FROM logs WHERE attempt = @attempt) AND c.position < @end_offset AND c.position >= (
            SELECT max(f.position) FROM chunks f
            WHERE f.log_id = (SELECT id FROM logs WHERE attempt = @attempt) AND f.position <= @offset)
        ORDER BY c.position
        """);

    private readonly ReadPool _readers;

    /// <summary>Reads from an open store.</summary>
    public LogReader(ControlStore store) => _readers = store.LogReaders;

    /// <summary>Part of a log.</summary>
    /// <param name="attempt">Whose.</param>
    /// <param name="offset">Where to begin, in bytes from 0; at or beyond the end gives nothing.</param>
    /// <param name="maxBytes">Most bytes, 1 to <see cref="MaxBytes"/>.</param>
    /// <param name="ct">Ends the read.</param>
    /// <exception cref="ControlException"><c>bad-range</c>, <c>storage-corrupt</c>, or the database failed.</exception>
    public async Task<LogSlice> ReadAsync(AttemptId attempt, long offset, int maxBytes, CancellationToken ct = default)
    {
        if (offset < 0 || maxBytes is < 1 or > MaxBytes)
            throw new ControlException("bad-range", $"A log is read from offset 0 on and 1 to {MaxBytes} bytes at a time.");
        var name = attempt.ToString();
        var lengths = await _readers.ListAsync(LengthStatement, [name], row => row.GetInt64(0), ct).ConfigureAwait(false);
        if (lengths.IsEmpty || offset >= lengths[0])
            return new LogSlice(ReadOnlyMemory<byte>.Empty, lengths.IsEmpty ? 0 : lengths[0]);
        // The log may grow meanwhile; the length read first decides, so that slice and length agree.
        var bytes = new byte[Math.Min(maxBytes, lengths[0] - offset)];
        var copied = await _readers.ListAsync(
            ChunksStatement,
            [name, offset + bytes.Length, offset],
            row => Copy(row.GetInt64(0), row.GetFieldValue<byte[]>(1), offset, bytes),
            ct).ConfigureAwait(false);
        if (copied.Sum() != bytes.Length)
            throw new ControlException("storage-corrupt", $"The log of {attempt} lacks bytes it should have. Restore the log database from a backup.");
        return new LogSlice(bytes, lengths[0]);
    }

    private static int Copy(long position, byte[] chunk, long offset, byte[] target)
    {
        var from = (int)Math.Max(0, offset - position);
        var to = (int)Math.Max(0, position - offset);
        var count = Math.Min(chunk.Length - from, target.Length - to);
        if (count > 0)
            chunk.AsSpan(from, count).CopyTo(target.AsSpan(to));
        return Math.Max(0, count);
    }
}

/// <summary>Part of a log.</summary>
/// <param name="Bytes">From the offset asked for; empty at the end.</param>
/// <param name="Length">The whole log's length so far.</param>
public sealed record LogSlice(ReadOnlyMemory<byte> Bytes, long Length);
