using Control.Storage.Databases;

namespace Control.Storage.Work;

/// <summary>Statements of <see cref="WorkIndex"/>. Their conditions repeat those of the partial indexes word for word.</summary>
internal static class WorkStatements
{
    // Ids are given in the order of creation.
    public static readonly Statement Queued = new("""
        SELECT s.kind, s.key, c.child_key FROM children c JOIN subjects s ON s.id = c.subject_id
        WHERE c.queue = @queue AND c.state = 'queued' ORDER BY c.subject_id, c.ordinal LIMIT @limit
        """);

    // From each queue straight to the next one: as many index seeks as queues, however much waits in them.
    public static readonly Statement Queues = new("""
        WITH RECURSIVE found (queue) AS (
            SELECT min(queue) FROM children WHERE state = 'queued' AND queue >= @from AND queue < @to
            UNION ALL
            SELECT (SELECT min(c.queue) FROM children c WHERE c.state = 'queued' AND c.queue > found.queue AND c.queue < @to)
            FROM found WHERE found.queue IS NOT NULL
        )
        SELECT queue FROM found WHERE queue IS NOT NULL
        """);

    public static readonly Statement InState = new("""
        SELECT key FROM subjects WHERE kind = @kind AND key IN (SELECT value FROM json_each(@keys)) AND +state = @state AND +deleted = 0
        """);

    public static readonly Statement Held = new("""
        SELECT s.kind, s.key, c.child_key, c.fence, c.document FROM children c JOIN subjects s ON s.id = c.subject_id
        WHERE c.holder = @holder AND c.state IN ('leased', 'running', 'stopping')
        """);

    public static readonly Statement Due = new("""
        SELECT kind, key, next_wake FROM subjects WHERE next_wake IS NOT NULL AND next_wake <= @now
        ORDER BY next_wake LIMIT @limit
        """);

    public static readonly Statement NextDue = new(
        "SELECT next_wake FROM subjects WHERE next_wake IS NOT NULL ORDER BY next_wake LIMIT 1");

    // Two ranges instead of one inequality, which no index answers: what is owned by the live one is never walked.
    public static readonly Statement Orphans = new("""
        SELECT kind, key FROM subjects WHERE owner > @after AND owner < @before AND terminal = 0 AND deleted = 0 LIMIT @limit
        """);

    public static readonly Statement Unfinished = new("""
        SELECT key FROM subjects WHERE kind = @kind AND parent = @parent AND terminal = 0 AND deleted = 0 LIMIT 1
        """);

    // Ordinal and state are in the index, so what is skipped costs no row.
    public static readonly Statement Newest = new("""
        SELECT ordinal FROM subjects
        WHERE parent = @parent AND kind = @kind AND state IN (SELECT value FROM json_each(@states)) AND deleted = 0
        ORDER BY ordinal DESC, key DESC LIMIT 1 OFFSET @skipped
        """);

    public static readonly Statement Oldest = new("""
        SELECT key, version, view FROM subjects
        WHERE parent = @parent AND kind = @kind AND state IN (SELECT value FROM json_each(@states)) AND deleted = 0 AND ordinal >= @from
        ORDER BY ordinal, key LIMIT @limit
        """);

    public static readonly Statement Deleted = new(
        "SELECT key FROM subjects WHERE kind = @kind AND key IN (SELECT value FROM json_each(@keys)) AND +deleted = 1");

    public static readonly Statement OfKind = new(
        "SELECT key, view FROM subjects WHERE kind = @kind AND deleted = 0 ORDER BY ordinal, key");

    public static readonly Statement Heads = new(
        "SELECT key, version, state, updated_at FROM subjects WHERE kind = @kind AND deleted = 0 ORDER BY ordinal, key");
}
