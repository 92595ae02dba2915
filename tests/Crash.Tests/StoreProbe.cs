using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Control.Crash.Tests;

/// <summary>
/// Looks at a server's databases from outside, with their write locks held: what it sees is what is persisted, and nothing more
/// is as long as it holds them.
/// </summary>
internal sealed class StoreProbe : IDisposable
{
    // Longer than the server's pauses between two tries to get a lock.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);

    private readonly SqliteConnection _control;
    private readonly SqliteConnection _logs;
    private (string, string) _seen;

    public StoreProbe(string data)
    {
        _control = Open(Path.Combine(data, "control.db"));
        _logs = Open(Path.Combine(data, "logs.db"));
    }

    /// <summary>
    /// Takes the locks as soon as the server has taken a step, or after a while; the server waits with the next one. Without a
    /// pause: between two steps there is hardly any time.
    /// </summary>
    public void HoldAfterNextStep()
    {
        var began = TimeProvider.System.GetTimestamp();
        while (Versions() == _seen && TimeProvider.System.GetElapsedTime(began) < Patience)
        {
            Thread.Yield();
        }

        Begin(_control);
        Begin(_logs);
        _seen = Versions();
    }

    /// <summary>Gives them back.</summary>
    public void Release()
    {
        Execute(_logs, "COMMIT");
        Execute(_control, "COMMIT");
    }

    /// <summary>What is there of a run, in words.</summary>
    public string Run(string run)
    {
        var rows = Text(_control, """
            SELECT CASE deleted WHEN 1 THEN 'tombstone' ELSE 'there' END || CASE WHEN next_wake IS NULL THEN '' ELSE ', to be looked at' END
                || ', ' || (SELECT count(*) FROM children c WHERE c.subject_id = s.id) || ' rows, '
                || (SELECT count(*) FROM events e WHERE e.subject_id = s.id) || ' events'
            FROM subjects s WHERE kind = 'run' AND key = @key
            """, run);
        return $"{rows}, {Text(_logs, "SELECT count(*) FROM logs WHERE attempt >= @key || '/' AND attempt < @key || '0'", run)} logs";
    }

    /// <summary>Types and actors of a run's events.</summary>
    public string Events(string run) => Text(_control, """
        SELECT group_concat(e.type || ' ' || e.actor) FROM events e JOIN subjects s ON s.id = e.subject_id WHERE s.kind = 'run' AND s.key = @key
        """, run);

    /// <summary>Every byte of a run that is stored, but for what a new owner changes of it.</summary>
    public string Whole(string run) => string.Join('\n', [
        Text(_control, "SELECT deleted || state || version || document || view FROM subjects WHERE kind = 'run' AND key = @key", run),
        Text(_control, "SELECT group_concat(c.child_key || c.document) FROM children c JOIN subjects s ON s.id = c.subject_id WHERE s.kind = 'run' AND s.key = @key", run),
        Text(_control, "SELECT group_concat(e.seq || e.type || e.data) FROM events e JOIN subjects s ON s.id = e.subject_id WHERE s.kind = 'run' AND s.key = @key", run),
        Text(_logs, "SELECT group_concat(hex(c.bytes)) FROM chunks c JOIN logs l ON l.id = c.log_id WHERE l.attempt >= @key || '/' AND l.attempt < @key || '0'", run)]);

    /// <summary>What retention has recorded for a pipeline: whether a batch is under way, and how many batches were told of.</summary>
    public string Retention(string pipeline) => Text(_control, """
        SELECT CASE WHEN document LIKE '%"batch"%' THEN 'batch recorded' ELSE 'no batch' END || ', ' || last_sequence || ' told'
        FROM subjects WHERE kind = 'retention' AND key = @key
        """, pipeline);

    public void Dispose()
    {
        _logs.Dispose();
        _control.Dispose();
    }

    // Another number after every transaction of others.
    private (string, string) Versions() => (Text(_control, "PRAGMA data_version", ""), Text(_logs, "PRAGMA data_version", ""));

    // Not as a command, which sleeps before it tries again.
    private static void Begin(SqliteConnection connection)
    {
        while (SQLitePCL.raw.sqlite3_exec(connection.Handle, "BEGIN IMMEDIATE") != SQLitePCL.raw.SQLITE_OK)
        {
            Thread.Yield();
        }
    }

    private static SqliteConnection Open(string file)
    {
        var connection = new SqliteConnection($"Data Source={file};Pooling=False;Default Timeout=30");
        connection.Open();
        return connection;
    }

    private static string Text(SqliteConnection connection, string sql, string key)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("@key", key);
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture) ?? "";
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
