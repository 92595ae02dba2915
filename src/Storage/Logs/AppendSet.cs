using Control.Storage.Databases;

namespace Control.Storage.Logs;

/// <summary>Appends chunks to many logs at once.</summary>
internal sealed class AppendSet : WriteSet<AppendOperation>
{
    /// <summary>The one there is.</summary>
    public static readonly AppendSet Instance = new();

    // A log that has not the length the chunk begins at, or that another process has just made, is left as it is.
    private static readonly Statement Append = new("""
        WITH input AS (
            SELECT * FROM unnest(@attempts, @positions, @chunks) WITH ORDINALITY AS i (attempt, position, bytes, n)
        ), created AS (
            INSERT INTO logs (attempt, length) SELECT i.attempt, octet_length(i.bytes) FROM input i WHERE i.position = 0
            ON CONFLICT (attempt) DO NOTHING RETURNING id, attempt
        ), locked AS MATERIALIZED (
            SELECT i.n, l.id FROM input i CROSS JOIN LATERAL (
                SELECT f.id FROM logs f WHERE f.attempt = i.attempt AND f.length = i.position FOR UPDATE) l
            WHERE i.position > 0
        ), grown AS (
            UPDATE logs l SET length = l.length + octet_length(i.bytes) FROM locked k JOIN input i ON i.n = k.n
            WHERE l.id = k.id RETURNING k.n, l.id
        ), written AS (
            SELECT n, id FROM grown UNION ALL SELECT i.n, c.id FROM created c JOIN input i ON i.attempt = c.attempt
        ), added AS (
            INSERT INTO chunks (log_id, position, bytes)
            SELECT w.id, i.position, i.bytes FROM written w JOIN input i ON i.n = w.n
        )
        SELECT n FROM written
        """);

    private static readonly Statement Lengths = new("SELECT attempt, length FROM logs WHERE attempt = ANY (@attempts)");

    /// <inheritdoc/>
    protected override string Target(AppendOperation operation) => operation.Attempt;

    /// <inheritdoc/>
    protected override void Apply(Session session, AppendOperation[] operations)
    {
        var chunks = operations.Where(operation => operation.End > operation.Offset).ToArray();
        var left = operations.Except(Grow(session, chunks)).ToArray();
        if (left.Length == 0)
            return;
        var lengths = Find(session, left);
        foreach (var operation in left)
            operation.NotGrown(lengths.GetValueOrDefault(operation.Attempt));
    }

    private static List<AppendOperation> Grow(Session session, AppendOperation[] chunks)
    {
        var grown = new List<AppendOperation>();
        if (chunks.Length == 0)
            return grown;
        using var row = session.Query(
            Append,
            chunks.Select(chunk => chunk.Attempt).ToArray(),
            chunks.Select(chunk => chunk.Offset).ToArray(),
            chunks.Select(chunk => chunk.Bytes).ToArray());
        while (row.Read())
            grown.Add(chunks[row.GetInt64(0) - 1]);
        grown.ForEach(chunk => chunk.Grown());
        return grown;
    }

    private static Dictionary<string, long> Find(Session session, AppendOperation[] operations)
    {
        using var row = session.Query(Lengths, [operations.Select(operation => operation.Attempt).ToArray()]);
        var lengths = new Dictionary<string, long>();
        while (row.Read())
            lengths.Add(row.GetString(0), row.GetInt64(1));
        return lengths;
    }
}
