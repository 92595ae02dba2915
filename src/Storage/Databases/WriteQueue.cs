using System.Data.Common;
using Control.Contracts.Errors;
using Microsoft.Extensions.Logging;

namespace Control.Storage.Databases;

/// <summary>
/// The one writer of a database: a thread that takes everything queued while the previous transaction was being synced
/// and writes it in the next one. Callers wait for room when the queue is full, and for durability always.
/// </summary>
internal sealed partial class WriteQueue : IDisposable
{
    // Beyond what a transaction may take: whoever has waited so long for room is told that the database does not keep up.
    private static readonly TimeSpan RoomPatience = TimeSpan.FromSeconds(10);

    private readonly string _name;
    private readonly Dialect _dialect;
    private readonly WriteLimits _limits;
    private readonly StorageMetrics _metrics;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _room;
    private readonly Waiting _waiting = new();
    private readonly List<WriteOperation> _batch = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Thread _thread;
    private Session? _session;
    private bool _isAway;

    /// <summary>Starts the writer on an open, migrated connection, which it then owns.</summary>
    public WriteQueue(string name, Dialect dialect, Session session, WriteLimits limits, StorageMetrics metrics, ILogger logger)
    {
        _name = name;
        _dialect = dialect;
        _session = session;
        _limits = limits;
        _metrics = metrics;
        _logger = logger;
        _room = new SemaphoreSlim(limits.Queue, limits.Queue);
        metrics.Observe(name, () => _waiting.Count);
        _thread = new Thread(Run) { Name = $"storage-{name}", IsBackground = true };
        _thread.Start();
    }

    /// <summary>
    /// Queues the work and waits until it is durable. <paramref name="ct"/> ends the wait for room in the queue only:
    /// once queued, the outcome is always waited for.
    /// </summary>
    /// <exception cref="ControlException">The database failed for more than a passing reason, or has no room for more.</exception>
    public async Task<T> RunAsync<T>(WriteOperation<T> operation, CancellationToken ct)
    {
        if (!await _room.WaitAsync(_limits.Patience + RoomPatience, ct).ConfigureAwait(false))
            throw new ControlException("storage-busy", $"The database does not keep up: {_limits.Queue} writes wait for it. Repeat the request in a moment.");
        if (!_waiting.TryAdd(operation))
        {
            _room.Release();
            throw new ControlException("storage-closed", "The store is shutting down. Repeat the request when the server is back.");
        }

        return await operation.Answer.ConfigureAwait(false);
    }

    /// <summary>Writes what is queued, then closes the connection.</summary>
    public void Dispose()
    {
        _waiting.Close();
        _stopping.Cancel();
        _thread.Join();
        _session?.Dispose();
    }

    private void Run()
    {
        while (_waiting.Take() is { } first)
        {
            Gather(first);
            Write(_batch);
            _batch.Clear();
        }
    }

    private void Gather(WriteOperation first)
    {
        var started = TimeProvider.System.GetTimestamp();
        var bytes = 0L;
        WriteOperation? operation = first;
        do
        {
            _batch.Add(operation);
            _room.Release();
            bytes += operation.Size;
        }
        while (_batch.Count < _limits.BatchCount && bytes < _limits.BatchBytes && (operation = _waiting.Take(Remaining(started))) is not null);
    }

    private TimeSpan Remaining(long started)
    {
        if (_limits.GatherWindow == TimeSpan.Zero || _stopping.IsCancellationRequested)
            return TimeSpan.Zero;
        var left = _limits.GatherWindow - TimeProvider.System.GetElapsedTime(started);
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    private void Write(List<WriteOperation> batch)
    {
        if (TryWrite(batch) is not { } error)
            return;
        if (batch.Count == 1 || error is DbException database && _dialect.IsTransient(database) && !_dialect.IsLock(database))
        {
            Fail(batch, error);
            return;
        }

        // One of them is at fault, and which is not known: each gets a transaction of its own.
        foreach (var operation in batch)
            Write([operation]);
    }

    private Exception? TryWrite(List<WriteOperation> batch)
    {
        var started = TimeProvider.System.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                WriteOnce(batch);
                return null;
            }
            catch (Exception error)
            {
                var isAway = _session is null;
                CloseSession();
                if (error is not DbException database || !_dialect.IsTransient(database))
                    return error;
                if (_isAway || IsEnough(attempt, started))
                {
                    _isAway = isAway;
                    return error;
                }

                LogRetry(error, batch.Count, attempt + 1);
                // Real time whatever clock the grains run on: it is the disk or the network that is waited for.
                _stopping.Token.WaitHandle.WaitOne(Pauses.After(attempt));
            }
        }
    }

    private bool IsEnough(int attempt, long started) => _limits.Patience == TimeSpan.Zero || _stopping.IsCancellationRequested
        ? attempt >= Pauses.Count
        : TimeProvider.System.GetElapsedTime(started) >= _limits.Patience;

    private void WriteOnce(List<WriteOperation> batch)
    {
        var started = TimeProvider.System.GetTimestamp();
        var session = _session ??= _dialect.OpenWriter();
        // Only who finds nobody to speak to gives up at once: a transaction that was begun is always repeated.
        _isAway = false;
        _dialect.Begin(session);
        Apply(session, batch);
        _dialect.Commit(session);
        _metrics.Committed(_name, batch.Count, TimeProvider.System.GetElapsedTime(started));
        foreach (var operation in batch)
            operation.Succeed();
    }

    private void Apply(Session session, List<WriteOperation> batch)
    {
        foreach (var kind in batch.GroupBy(operation => _dialect.WritesSets ? operation.Set : null))
        {
            if (kind.Key is { } set)
            {
                set.Apply(session, [.. kind]);
                continue;
            }

            foreach (var operation in kind)
                operation.Apply(session);
        }
    }

    // After an error the state of a transaction differs by database and error; a closed connection has none.
    private void CloseSession()
    {
        try
        {
            _session?.Dispose();
        }
        catch (DbException error)
        {
            LogCloseFailed(error);
        }

        _session = null;
    }

    private void Fail(List<WriteOperation> batch, Exception error)
    {
        LogFailed(error, batch.Count);
        var fault = error is DbException database ? _dialect.Fault(database) : error;
        foreach (var operation in batch)
            operation.Fail(fault);
    }
}

/// <summary>
/// What waits for the writer, in order. Its thread sleeps at once when there is nothing: BlockingCollection's spins first, which
/// took a quarter of that thread's processor time at 60 runs a second.
/// </summary>
internal sealed class Waiting
{
    private readonly object _gate = new();
    private readonly Queue<WriteOperation> _operations = new();
    private bool _isClosed;

    /// <summary>How many wait.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _operations.Count;
        }
    }

    /// <summary>False once closed.</summary>
    public bool TryAdd(WriteOperation operation)
    {
        lock (_gate)
        {
            if (_isClosed) return false;
            _operations.Enqueue(operation);
            if (_operations.Count == 1) Monitor.Pulse(_gate);
            return true;
        }
    }

    /// <summary>The next one, waited for; null once it is closed and all are taken.</summary>
    public WriteOperation? Take()
    {
        lock (_gate)
        {
            while (_operations.Count == 0 && !_isClosed) Monitor.Wait(_gate);
            return Next();
        }
    }

    /// <summary>The next one; null when none comes within <paramref name="patience"/>.</summary>
    public WriteOperation? Take(TimeSpan patience)
    {
        lock (_gate)
        {
            if (_operations.Count == 0 && patience > TimeSpan.Zero && !_isClosed) Monitor.Wait(_gate, patience);
            return Next();
        }
    }

    /// <summary>Takes no more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _isClosed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private WriteOperation? Next() => _operations.TryDequeue(out var operation) ? operation : null;
}

/// <summary>How much a <see cref="WriteQueue"/> takes on.</summary>
/// <param name="Queue">Operations that may wait.</param>
/// <param name="BatchCount">Most operations in a transaction.</param>
/// <param name="BatchBytes">A transaction takes no more operations from this size on.</param>
/// <param name="GatherWindow">How long a transaction waits for more operations.</param>
/// <param name="Patience">How long a transaction that fails for a passing reason is repeated, beyond the first second.</param>
internal sealed record WriteLimits(int Queue, int BatchCount, long BatchBytes, TimeSpan GatherWindow, TimeSpan Patience);

/// <summary>How long to wait before what failed for a passing reason is tried again.</summary>
internal static class Pauses
{
    private static readonly int[] Milliseconds = [10, 40, 150, 300, 500];

    /// <summary>How many there are before they stay alike; a second in all.</summary>
    public static int Count => Milliseconds.Length;

    /// <summary>The pause after an attempt, the first of which is 0.</summary>
    public static TimeSpan After(int attempt) => TimeSpan.FromMilliseconds(Milliseconds[Math.Min(attempt, Milliseconds.Length - 1)]);
}
