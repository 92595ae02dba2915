using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Data.Common;
using Control.Contracts.Errors;

namespace Control.Storage.Databases;

/// <summary>
/// Read-only connections, a bounded number, each used by one query at a time and kept with its prepared statements. Every
/// query sees all commits that were acknowledged before it began.
/// </summary>
/// <param name="dialect">Opens them.</param>
/// <param name="size">How many.</param>
/// <param name="patience">How long a query that fails for a passing reason is repeated; zero for never.</param>
internal sealed class ReadPool(Dialect dialect, int size, TimeSpan patience) : IDisposable
{
    // Readers have others waiting behind them, and can ask again.
    private static readonly TimeSpan MostPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SlotPatience = TimeSpan.FromSeconds(15);

    private readonly TimeSpan _patience = patience < MostPatience ? patience : MostPatience;
    private readonly SemaphoreSlim _slots = new(size, size);
    private readonly ConcurrentStack<Session> _idle = new();
    private volatile bool _isAway;
    private volatile bool _disposed;

    /// <summary>All rows of a query.</summary>
    /// <exception cref="ControlException">The database failed, or has no time.</exception>
    public async Task<ImmutableArray<T>> ListAsync<T>(
        Statement statement, object?[] values, Func<DbDataReader, T> map, CancellationToken ct)
    {
        if (!await _slots.WaitAsync(SlotPatience, ct).ConfigureAwait(false))
            throw new ControlException("storage-busy", "The database does not keep up with what is read. Repeat the request in a moment.");
        try
        {
            return await RepeatAsync(statement, values, map, ct).ConfigureAwait(false);
        }
        catch (DbException error)
        {
            throw dialect.Fault(error);
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <summary>The first row of a query; null when there is none.</summary>
    /// <exception cref="ControlException">The database failed, or has no time.</exception>
    public async Task<T?> FirstAsync<T>(Statement statement, object?[] values, Func<DbDataReader, T> map, CancellationToken ct)
        where T : class
    {
        var rows = await ListAsync(statement, values, map, ct).ConfigureAwait(false);
        return rows.IsEmpty ? null : rows[0];
    }

    /// <summary>Closes the idle connections; those in use are closed when they come back.</summary>
    public void Dispose()
    {
        _disposed = true;
        CloseIdle();
    }

    private async Task<ImmutableArray<T>> RepeatAsync<T>(
        Statement statement, object?[] values, Func<DbDataReader, T> map, CancellationToken ct)
    {
        var started = TimeProvider.System.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                var rows = await ReadAsync(statement, values, map, ct).ConfigureAwait(false);
                _isAway = false;
                return rows;
            }
            catch (DbException error) when (dialect.IsTransient(error))
            {
                // What one connection ran into, the idle ones have too.
                CloseIdle();
                if (IsEnough(attempt, started))
                    throw;
            }

            await Task.Delay(Pauses.After(attempt), TimeProvider.System, ct).ConfigureAwait(false);
        }
    }

    // While the database is away nobody after the first waits for it, but for one new connection.
    private bool IsEnough(int attempt, long started)
    {
        if (TimeProvider.System.GetElapsedTime(started) < _patience && (!_isAway || attempt == 0))
            return false;
        _isAway = true;
        return true;
    }

    private async Task<ImmutableArray<T>> ReadAsync<T>(
        Statement statement, object?[] values, Func<DbDataReader, T> map, CancellationToken ct)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_idle.TryPop(out var session))
            session = await dialect.OpenReaderAsync(ct).ConfigureAwait(false);
        var healthy = false;
        try
        {
            var rows = await ReadAsync(session, statement, values, map, ct).ConfigureAwait(false);
            healthy = true;
            return rows;
        }
        finally
        {
            Return(session, healthy);
        }
    }

    private static async Task<ImmutableArray<T>> ReadAsync<T>(
        Session session, Statement statement, object?[] values, Func<DbDataReader, T> map, CancellationToken ct)
    {
        await using var reader = await session.QueryAsync(statement, values, ct).ConfigureAwait(false);
        var rows = ImmutableArray.CreateBuilder<T>();
        while (await reader.ReadAsync(ct).ConfigureAwait(false))
            rows.Add(map(reader));
        return rows.DrainToImmutable();
    }

    private void Return(Session session, bool healthy)
    {
        if (healthy && !_disposed)
            _idle.Push(session);
        else
            session.Dispose();
        if (_disposed)
            Dispose();
    }

    private void CloseIdle()
    {
        while (_idle.TryPop(out var session))
            session.Dispose();
    }
}
