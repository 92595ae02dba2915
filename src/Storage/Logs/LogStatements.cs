using Control.Storage.Databases;

namespace Control.Storage.Logs;

/// <summary>Statements of the log database.</summary>
internal static class LogStatements
{
    public static readonly Statement Find = new("SELECT id, length FROM logs WHERE attempt = @attempt");

    public static readonly Statement Create = new("INSERT INTO logs (attempt, length) VALUES (@attempt, @length) RETURNING id");

    public static readonly Statement Grow = new("UPDATE logs SET length = @length WHERE id = @id");

    public static readonly Statement AddChunk = new("INSERT INTO chunks (log_id, position, bytes) VALUES (@log, @position, @bytes)");

    // Attempts of a run begin with its id and a slash, which a zero follows in order.
    public static readonly Statement FirstOfRun = new(
        "SELECT id FROM logs WHERE attempt >= @run || '/' AND attempt < @run || '0' ORDER BY attempt LIMIT 1");

    public static readonly Statement RemoveChunks = new(
        "DELETE FROM chunks WHERE id IN (SELECT id FROM chunks WHERE log_id = @log ORDER BY position LIMIT @limit)");

    // Another process may be removing the same log: its chunks go first, whoever takes them.
    public static readonly Statement Remove = new("DELETE FROM logs WHERE id = @log AND NOT EXISTS (SELECT 1 FROM chunks WHERE log_id = @log)");

    public static readonly Statement LengthOfRun = new(
        "SELECT CAST(coalesce(sum(length), 0) AS BIGINT) FROM logs WHERE attempt >= @run || '/' AND attempt < @run || '0'");

    public static readonly Statement Length = new("SELECT length FROM logs WHERE attempt = @attempt");
}
