using Control.Contracts.Errors;
using Control.Contracts.Runs;
using Control.Storage.Databases;
using Control.Storage.Signals;

namespace Control.Storage.Logs;

/// <summary>
/// Logs of attempts, in a database and with a writer of their own, so that megabytes of log never delay a commit. Chunks
/// of many attempts share transactions.
/// </summary>
public sealed class LogStore
{
    /// <summary>Most bytes of one chunk: 1 MiB.</summary>
    public const int MaxChunk = 1024 * 1024;

    /// <summary>Most chunks that one transaction removes.</summary>
    internal const int RemoveBatch = 32;

    private readonly Database _database;
    private readonly ChangeSignal _signal;

    internal LogStore(Database database, ChangeSignal signal)
    {
        _database = database;
        _signal = signal;
    }

    /// <summary>
    /// Appends at the log's present length only; durable when it returns. A chunk that lies wholly below that length is a
    /// repeat and accepted again. How long a log may grow is the caller's business.
    /// </summary>
    /// <param name="attempt">Whose log.</param>
    /// <param name="offset">Where the chunk begins, in bytes from the log's start.</param>
    /// <param name="bytes">The chunk, up to <see cref="MaxChunk"/>; must not change until the call returns.</param>
    /// <param name="ct">Heard only while waiting for room in a full queue.</param>
    /// <exception cref="ControlException"><c>log-chunk-invalid</c>, or the database failed.</exception>
    public async Task<LogAppend> AppendAsync(AttemptId attempt, long offset, ReadOnlyMemory<byte> bytes, CancellationToken ct = default)
    {
        if (bytes.Length > MaxChunk || offset < 0 || offset > long.MaxValue - MaxChunk)
        {
            throw new ControlException(
                "log-chunk-invalid",
                $"A log chunk of {bytes.Length} bytes at offset {offset} was refused; send up to {MaxChunk} bytes at an offset from 0.");
        }

        return await _database.Writer.RunAsync(new AppendOperation(attempt, offset, bytes, _signal), ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Removes the logs of all attempts of a run, in transactions of bounded size that others come between. Repeating it is
    /// harmless. Whoever calls sees to it that nothing is appended any more.
    /// </summary>
    /// <exception cref="ControlException">The database failed; what was removed stays so.</exception>
    public async Task RemoveAsync(RunId run, CancellationToken ct = default)
    {
        while (await _database.Writer.RunAsync(new RemoveOperation(run, RemoveBatch), ct).ConfigureAwait(false))
        {
            // There may be more.
        }
    }

    /// <summary>The length of all logs of a run in bytes.</summary>
    /// <exception cref="ControlException">The database failed.</exception>
    public async Task<long> LengthAsync(RunId run, CancellationToken ct = default) =>
        (await _database.Readers.ListAsync(LogStatements.LengthOfRun, [run.ToString()], row => row.GetInt64(0), ct).ConfigureAwait(false))[0];

    /// <summary>The log's length in bytes; 0 when there is none.</summary>
    /// <exception cref="ControlException">The database failed.</exception>
    public async Task<long> LengthAsync(AttemptId attempt, CancellationToken ct = default)
    {
        var rows = await _database.Readers.ListAsync(LogStatements.Length, [attempt.ToString()], row => row.GetInt64(0), ct).ConfigureAwait(false);
        return rows.IsEmpty ? 0 : rows[0];
    }
}

/// <summary>Answer to an append.</summary>
/// <param name="Accepted">True when the chunk is durable, now or from before.</param>
/// <param name="Length">The log's length: where the next chunk must begin.</param>
public sealed record LogAppend(bool Accepted, long Length);
