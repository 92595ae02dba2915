using Control.Storage.Databases;

namespace Control.Storage.Logs;

/// <summary>Statements of the log database.</summary>
internal static class LogStatements
{
    public static readonly Statement Find = new("SELECT id, length FROM logs WHERE attempt = @attempt");

    public static readonly Statement Create = new("INSERT INTO logs (attempt, length) VALUES (@attempt, @length) RETURNING id");

    public static readonly Statement Grow = new("UPDATE logs SET length = @length WHERE id = @id");

    public static readonly Statement AddChunk = new("INSERT INTO chunks (log_id, position, bytes) VALUES (@log, @position, @bytes)");

    public static readonly Statement Length = new("SELECT length FROM logs WHERE attempt = @attempt");
}
