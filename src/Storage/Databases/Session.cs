using System.Data.Common;

namespace Control.Storage.Databases;

/// <summary>A connection with the statements prepared on it. Not thread-safe; one user at a time.</summary>
/// <param name="connection">Open, and the session's own.</param>
/// <param name="words">The text of a statement where the database has words of its own; null for the text as it is.</param>
/// <param name="timeout">Seconds that a statement may take; null for the connection's own.</param>
internal sealed class Session(DbConnection connection, Func<Statement, string>? words = null, int? timeout = null) : IDisposable
{
    private readonly Dictionary<Statement, DbCommand> _commands = [];
    private DbTransaction? _transaction;

    /// <summary>Runs a statement and returns how many rows it changed.</summary>
    /// <exception cref="DbException">The database refused or failed.</exception>
    public int Execute(Statement statement, params ReadOnlySpan<object?> values) => Bind(statement, values).ExecuteNonQuery();

    /// <summary>Runs a query; dispose the reader before the next use of the session.</summary>
    /// <exception cref="DbException">The database refused or failed.</exception>
    public DbDataReader Query(Statement statement, params ReadOnlySpan<object?> values) => Bind(statement, values).ExecuteReader();

    /// <summary>Runs a query; dispose the reader before the next use of the session.</summary>
    /// <exception cref="DbException">The database refused or failed.</exception>
    public Task<DbDataReader> QueryAsync(Statement statement, object?[] values, CancellationToken ct) =>
        Bind(statement, values).ExecuteReaderAsync(ct);

    /// <summary>Runs a script of several statements that takes no values.</summary>
    /// <param name="sql">The script.</param>
    /// <param name="isLong">True for one that may take as long as it needs.</param>
    /// <exception cref="DbException">The database refused or failed.</exception>
    public void Script(string sql, bool isLong = false)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        if (isLong)
            command.CommandTimeout = 0;
        command.ExecuteNonQuery();
    }

    /// <summary>Begins a transaction, where the driver has a cheaper way to than a statement.</summary>
    public void Begin() => _transaction = connection.BeginTransaction(System.Data.IsolationLevel.ReadCommitted);

    /// <summary>Commits what <see cref="Begin"/> began.</summary>
    /// <exception cref="DbException">It failed, or it is not known whether.</exception>
    public void Commit()
    {
        _transaction!.Commit();
        _transaction = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var command in _commands.Values)
            command.Dispose();
        connection.Dispose();
    }

    private DbCommand Bind(Statement statement, ReadOnlySpan<object?> values)
    {
        if (!_commands.TryGetValue(statement, out var command))
            _commands.Add(statement, command = Prepare(statement));
        ArgumentOutOfRangeException.ThrowIfNotEqual(values.Length, statement.Parameters.Length);
        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command;
    }

    private DbCommand Prepare(Statement statement)
    {
        var command = connection.CreateCommand();
        command.CommandText = words is null ? statement.Text : words(statement);
        if (timeout is { } seconds)
            command.CommandTimeout = seconds;
        foreach (var name in statement.Parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
