using Control.Contracts.Access;
using Control.Storage.Commits;
using Control.Storage.Databases;
using Control.Storage.Queries.Events;
using Control.Storage.Queries.Logs;
using Control.Storage.Queries.Subjects;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Control.Storage.Tests;

/// <summary>A store in a directory of its own, which goes with it.</summary>
internal sealed class TestStore : IDisposable
{
    private readonly Func<string, Dialect>? _dialects;
    private readonly Action<StorageOptions>? _configure;

    public TestStore(Func<string, Dialect>? dialects = null, Action<StorageOptions>? configure = null)
    {
        _dialects = dialects;
        _configure = configure;
        Path = Directory.CreateTempSubdirectory("control-storage-").FullName;
        Store = Open();
    }

    public string Path { get; }

    public ControlStore Store { get; private set; }

    public CommitStore Commits => Store.Commits;

    public SubjectQueries Subjects => new(Store);

    public EventReader Events => new(Store);

    public LogReader Logs => new(Store);

    public string StateFile => System.IO.Path.Combine(Path, "control.db");

    public void Reopen()
    {
        Store.Dispose();
        Store = Open();
    }

    public ControlStore Open()
    {
        var options = new StorageOptions { DataDirectory = Path };
        _configure?.Invoke(options);
        return ControlStore.Open(options, TimeProvider.System, NullLoggerFactory.Instance, _dialects ?? (path => new SqliteDialect(path)));
    }

    /// <summary>Runs SQL behind the store's back.</summary>
    public List<string> Sql(string sql, string file = "control.db", params (string Name, object Value)[] values)
    {
        using var connection = new SqliteConnection($"Data Source={System.IO.Path.Combine(Path, file)};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in values)
            command.Parameters.AddWithValue(name, value);
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
