using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Data.Common;

namespace Control.Storage.Databases;

/// <summary>
/// Read-only connections, a bounded number, each used by one query at a time and kept with its prepared statements. Every
/// query sees all commits that were acknowledged before it began.
/// </summary>
internal sealed class ReadPool(Dialect dialect, int size) : IDisposable
{
    private readonly SemaphoreSlim _slots = new(size, size);
    private readonly ConcurrentStack<Session> _idle = new();
    private volatile bool _disposed;

    /// <summary>All rows of a query.</summary>
    /// <exception cref="Contracts.Errors.ControlException">The database failed.</exception>
    public async Task<ImmutableArray<T>> ListAsync<T>(
        Statement statement, object?[] values, Func<DbDataReader, T> map, CancellationToken ct)
    {
        await _slots.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            return await ReadAsync(statement, values, map, ct).ConfigureAwait(false);
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
    /// <exception cref="Contracts.Errors.ControlException">The database failed.</exception>
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
        while (_idle.TryPop(out var session))
            session.Dispose();
    }

    private async Task<ImmutableArray<T>> ReadAsync<T>(
        Statement statement, object?[] values, Func<DbDataReader, T> map, CancellationToken ct)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!_idle.TryPop(out var session))
            session = dialect.OpenReader();
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
}
