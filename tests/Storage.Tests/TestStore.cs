using System.Data.Common;
using Control.Contracts.Access;
using Control.Storage.Commits;
using Control.Storage.Databases;
using Control.Storage.Queries.Events;
using Control.Storage.Queries.Logs;
using Control.Storage.Queries.Subjects;
using Control.TestKit.Databases;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Control.Storage.Tests;

/// <summary>A store in a directory of its own, which goes with it, on the database that this run of the tests is on.</summary>
internal sealed class TestStore : IDisposable
{
    private readonly Func<string, Dialect, Dialect> _dialects;
    private readonly Action<StorageOptions>? _configure;

    /// <param name="dialects">Wraps the dialects of the databases, by their names.</param>
    /// <param name="configure">Changes the options.</param>
    /// <param name="isSqlite">True for what only SQLite has.</param>
    /// <param name="database">A certain PostgreSQL.</param>
    public TestStore(Func<string, Dialect, Dialect>? dialects = null, Action<StorageOptions>? configure = null, bool isSqlite = false, string? database = null)
    {
        _dialects = dialects ?? ((_, dialect) => dialect);
        _configure = configure;
        Database = database ?? (isSqlite ? null : TestDatabase.Connection());
        Path = Directory.CreateTempSubdirectory("control-storage-").FullName;
        Store = Open();
    }

    public string Path { get; }

    /// <summary>The connection string; null for SQLite.</summary>
    public string? Database { get; }

    public ControlStore Store { get; private set; }

    public CommitStore Commits => Store.Commits;

    public SubjectQueries Subjects => new(Store);

    public EventReader Events => new(Store);

    public LogReader Logs => new(Store);

    public void Reopen()
    {
        Store.Dispose();
        Store = Open();
    }

    public ControlStore Open(Action<StorageOptions>? configure = null)
    {
        var options = new StorageOptions { DataDirectory = Path, Database = Database };
        (configure ?? _configure)?.Invoke(options);
        return ControlStore.Open(options, TimeProvider.System, NullLoggerFactory.Instance, name => _dialects(name, ControlStore.Dialect(options, name)));
    }

    /// <summary>Runs SQL behind the store's back.</summary>
    public List<string> Sql(string sql, string database = "control", params (string Name, object Value)[] values)
    {
        using var connection = Connect(database);
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
        {
            var parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }

        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read())
            rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => reader.GetValue(i))));
        return rows;
    }

    public void Dispose()
    {
        Store.Dispose();
        Directory.Delete(Path, recursive: true);
    }

    private DbConnection Connect(string database)
    {
        if (Database is null)
            return new SqliteConnection($"Data Source={System.IO.Path.Combine(Path, database + ".db")};Pooling=False");
        var builder = new NpgsqlConnectionStringBuilder(Database) { Pooling = false };
        builder.SearchPath += database == "control" ? "" : "_" + database;
        return new NpgsqlConnection(builder.ConnectionString);
    }
}

/// <summary>Short ways to write commits.</summary>
internal static class Make
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    public static SubjectKey Key(string key, string kind = SubjectKinds.Run) => new(kind, key);

    public static Commit Commit(SubjectKey subject, long expected, long ordinal = 0, string state = "running", string workspace = "w", string parent = "w/p") => new()
    {
        Subject = subject,
        ExpectedVersion = expected,
        Document = $"{{\"n\":{expected}}}",
        Index = new SubjectIndex(workspace, parent, ordinal, state, false, false, $"{{\"id\":\"{subject.Key}\"}}"),
    };

    public static NewEvent Event(string data = "{}") => new("object.changed", Noon, Actor.System, data);

    public static ChildChange Child(string key, string state = "queued", string? queue = null, string? holder = null, long ordinal = 0, string kind = "attempt") =>
        new(key, kind, state, queue, holder, 1, ordinal, "{\"d\":1}", $"{{\"v\":\"{key}\"}}");
}

/// <summary>A view as tests store it.</summary>
internal sealed record TestView(string Id);
