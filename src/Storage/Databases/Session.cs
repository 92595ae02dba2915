using System.Data.Common;

namespace Control.Storage.Databases;

/// <summary>A connection with the statements prepared on it. Not thread-safe; one user at a time.</summary>
internal sealed class Session(DbConnection connection) : IDisposable
{
    private readonly Dictionary<Statement, DbCommand> _commands = [];

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
    /// <exception cref="DbException">The database refused or failed.</exception>
    public void Script(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
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
        command.CommandText = statement.Text;
        foreach (var name in statement.Parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            command.Parameters.Add(parameter);
        }

        return command;
    }
}
