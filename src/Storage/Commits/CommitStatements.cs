using Control.Storage.Databases;

namespace Control.Storage.Commits;

/// <summary>The statements of a commit, in the order in which it runs them.</summary>
internal static class CommitStatements
{
    public static readonly Statement Insert = new("""
        INSERT INTO subjects (kind, key, version, write_id, workspace, parent, ordinal, state, terminal, deleted,
            secret_hash, owner, next_wake, last_sequence, created_at, updated_at, view, document)
        VALUES (@kind, @key, 1, @write_id, @workspace, @parent, @ordinal, @state, @terminal, @deleted,
            @secret_hash, @owner, @next_wake, @events, @now, @now, @view, @document)
        ON CONFLICT (kind, key) DO NOTHING
        RETURNING id, version, last_sequence
        """);

    public static readonly Statement Update = new("""
        UPDATE subjects SET version = version + 1, write_id = @write_id, workspace = @workspace, parent = @parent,
            ordinal = @ordinal, state = @state, terminal = @terminal, deleted = @deleted, secret_hash = @secret_hash,
            owner = @owner, next_wake = @next_wake, last_sequence = last_sequence + @events, updated_at = @now,
            view = @view, document = @document
        WHERE kind = @kind AND key = @key AND version = @expected
        RETURNING id, version, last_sequence
        """);

    public static readonly Statement Find = new(
        "SELECT version, write_id, last_sequence FROM subjects WHERE kind = @kind AND key = @key");

    public static readonly Statement PutChild = new("""
        INSERT INTO children (subject_id, child_key, kind, state, queue, holder, fence, ordinal, view, document)
        VALUES (@subject, @child_key, @kind, @state, @queue, @holder, @fence, @ordinal, @view, @document)
        ON CONFLICT (subject_id, child_key) DO UPDATE SET kind = excluded.kind, state = excluded.state,
            queue = excluded.queue, holder = excluded.holder, fence = excluded.fence, ordinal = excluded.ordinal,
            view = excluded.view, document = excluded.document
        """);

    public static readonly Statement RemoveChild = new("DELETE FROM children WHERE subject_id = @subject AND child_key = @child");

    public static readonly Statement AddEvent = new("""
        INSERT INTO events (subject_id, seq, type, at, actor, data) VALUES (@subject, @seq, @type, @at, @actor, @data)
        """);

    public static readonly Statement PurgeChildren = new("""
        DELETE FROM children WHERE id IN (
            SELECT c.id FROM subjects s JOIN children c ON c.subject_id = s.id
            WHERE s.kind = @kind AND s.key = @key AND s.deleted = 1 LIMIT @limit)
        """);

    public static readonly Statement PurgeEvents = new("""
        DELETE FROM events WHERE id IN (
            SELECT e.id FROM subjects s JOIN events e ON e.subject_id = s.id AND e.seq < s.last_sequence
            WHERE s.kind = @kind AND s.key = @key AND s.deleted = 1 ORDER BY e.seq LIMIT @limit)
        """);

    public static readonly Statement Load = new("""
        SELECT version, workspace, parent, ordinal, state, terminal, deleted, view, secret_hash, owner, next_wake,
            last_sequence, document
        FROM subjects WHERE kind = @kind AND key = @key
        """);

    public static readonly Statement LoadChildren = new("""
        SELECT c.child_key, c.kind, c.state, c.queue, c.holder, c.fence, c.ordinal, c.document, c.view
        FROM children c WHERE c.subject_id = (SELECT id FROM subjects WHERE kind = @kind AND key = @key)
        ORDER BY c.kind, c.ordinal, c.child_key
        """);

    public static readonly Statement LoadChild = new("""
        SELECT c.child_key, c.kind, c.state, c.queue, c.holder, c.fence, c.ordinal, c.document, c.view
        FROM children c JOIN subjects s ON s.id = c.subject_id
        WHERE s.kind = @kind AND s.key = @key AND c.child_key = @child
        """);
}
