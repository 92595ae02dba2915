using Control.Storage.Databases;

namespace Control.Storage.Commits;

/// <summary>
/// Commits many subjects in one statement. Those whose version is not the expected one are left out of it, and told so after
/// a second one.
/// </summary>
internal sealed class CommitSet : WriteSet<CommitOperation>
{
    /// <summary>The one there is.</summary>
    public static readonly CommitSet Instance = new();

    // Rows are locked one after the other, in the order of the input, before anything is written. The rest of a commit hangs on
    // the rows that were found at their version, or made.
    private static readonly Statement Write = new("""
        WITH input AS (
            SELECT * FROM unnest(@kinds, @keys, @expected, @write_ids, @workspaces, @parents, @ordinals, @states, @terminals, @deleteds,
                @secret_hashes, @owners, @next_wakes, @event_counts, @nows, @views, @documents) WITH ORDINALITY
            AS i (kind, key, expected, write_id, workspace, parent, ordinal, state, terminal, deleted,
                secret_hash, owner, next_wake, events, now, view, document, n)
        ), locked AS MATERIALIZED (
            SELECT i.n, s.id FROM input i CROSS JOIN LATERAL (
                SELECT f.id FROM subjects f WHERE f.kind = i.kind AND f.key = i.key AND f.version = i.expected FOR UPDATE) s
            WHERE i.expected > 0
        ), updated AS (
            UPDATE subjects s SET version = s.version + 1, write_id = i.write_id, workspace = i.workspace, parent = i.parent,
                ordinal = i.ordinal, state = i.state, terminal = i.terminal, deleted = i.deleted, secret_hash = i.secret_hash,
                owner = i.owner, next_wake = i.next_wake, last_sequence = s.last_sequence + i.events, updated_at = i.now,
                view = i.view, document = i.document
            FROM locked l JOIN input i ON i.n = l.n WHERE s.id = l.id
            RETURNING l.n, s.id, s.version, s.last_sequence
        ), inserted AS (
            INSERT INTO subjects (kind, key, version, write_id, workspace, parent, ordinal, state, terminal, deleted,
                secret_hash, owner, next_wake, last_sequence, created_at, updated_at, view, document)
            SELECT i.kind, i.key, 1, i.write_id, i.workspace, i.parent, i.ordinal, i.state, i.terminal, i.deleted,
                i.secret_hash, i.owner, i.next_wake, i.events, i.now, i.now, i.view, i.document
            FROM input i WHERE i.expected = 0
            ON CONFLICT (kind, key) DO NOTHING
            RETURNING kind, key, id, version, last_sequence
        ), written AS (
            SELECT n, id, version, last_sequence FROM updated
            UNION ALL
            SELECT i.n, s.id, s.version, s.last_sequence FROM inserted s JOIN input i ON i.kind = s.kind AND i.key = s.key
        ), put AS (
            INSERT INTO children (subject_id, child_key, kind, state, queue, holder, fence, ordinal, view, document)
            SELECT w.id, c.child_key, c.kind, c.state, c.queue, c.holder, c.fence, c.ordinal, c.view, c.document
            FROM unnest(@child_of, @child_keys, @child_kinds, @child_states, @queues, @holders, @fences, @child_ordinals, @child_views, @child_documents)
                AS c (n, child_key, kind, state, queue, holder, fence, ordinal, view, document) JOIN written w ON w.n = c.n
            ON CONFLICT (subject_id, child_key) DO UPDATE SET kind = excluded.kind, state = excluded.state,
                queue = excluded.queue, holder = excluded.holder, fence = excluded.fence, ordinal = excluded.ordinal,
                view = excluded.view, document = excluded.document
        ), removed AS (
            DELETE FROM children c USING unnest(@removed_of, @removed_keys) AS r (n, child_key) JOIN written w ON w.n = r.n
            WHERE c.subject_id = w.id AND c.child_key = r.child_key
        ), added AS (
            INSERT INTO events (subject_id, seq, type, at, actor, data)
            SELECT w.id, w.last_sequence - e.behind, e.type, e.at, e.actor, e.data
            FROM unnest(@event_of, @behind, @types, @ats, @actors, @datas) AS e (n, behind, type, at, actor, data) JOIN written w ON w.n = e.n
        )
        SELECT n, version, last_sequence FROM written
        """);

    private static readonly Statement Find = new("""
        SELECT i.n, s.version, s.write_id, s.last_sequence
        FROM unnest(@kinds, @keys) WITH ORDINALITY AS i (kind, key, n) JOIN subjects s ON s.kind = i.kind AND s.key = i.key
        """);

    /// <inheritdoc/>
    protected override string Target(CommitOperation operation) => operation.Commit.Subject.ToString();

    /// <inheritdoc/>
    protected override void Apply(Session session, CommitOperation[] operations)
    {
        var written = new HashSet<CommitOperation>();
        using (var row = session.Query(Write, Values(operations)))
        {
            while (row.Read())
            {
                var operation = operations[row.GetInt64(0) - 1];
                operation.Written(new CommitReceipt(row.GetInt64(1), row.GetInt64(2)));
                written.Add(operation);
            }
        }

        if (written.Count < operations.Length)
            Resolve(session, [.. operations.Where(operation => !written.Contains(operation))]);
    }

    private static void Resolve(Session session, CommitOperation[] operations)
    {
        var found = new CommitOperation.Found?[operations.Length];
        using (var row = session.Query(Find, operations.Select(one => one.Commit.Subject.Kind).ToArray(), operations.Select(one => one.Commit.Subject.Key).ToArray()))
        {
            while (row.Read())
                found[row.GetInt64(0) - 1] = new(row.GetInt64(1), row.GetString(2), row.GetInt64(3));
        }

        for (var i = 0; i < operations.Length; i++)
            operations[i].Resolve(found[i]);
    }

    private static object?[] Values(CommitOperation[] operations) =>
    [
        .. SubjectValues(operations),
        .. ChildValues([.. operations.SelectMany((operation, i) => Put(operation.Commit).Select(child => (i + 1L, child)))]),
        .. RemovedValues([.. operations.SelectMany((operation, i) => operation.Commit.RemovedChildren.Distinct().Select(key => (i + 1L, key)))]),
        .. EventValues([.. operations.SelectMany((operation, i) => operation.Commit.Events.Select((_, number) => (i + 1L, operation, number)))]),
    ];

    private static object?[] SubjectValues(CommitOperation[] operations)
    {
        return
        [
            Column(one => one.Commit.Subject.Kind), Column(one => one.Commit.Subject.Key), Column(one => one.Commit.ExpectedVersion),
            Column(one => one.WriteId), Column(one => one.Commit.Index.Workspace), Column(one => one.Commit.Index.Parent),
            Column(one => one.Commit.Index.Ordinal), Column(one => one.Commit.Index.State), Column(one => one.Commit.Index.Terminal ? 1L : 0L),
            Column(one => one.Commit.Index.Deleted ? 1L : 0L), Column(one => one.Commit.Index.SecretHash), Column(one => one.Commit.Index.Owner),
            Column(one => one.Commit.NextWake?.UtcTicks), Column(one => (long)one.Commit.Events.Length), Column(one => one.Now),
            Column(one => one.Commit.Index.View), Column(one => one.Commit.Document),
        ];

        T[] Column<T>(Func<CommitOperation, T> value) => [.. operations.Select(value)];
    }

    // A key that is named twice gets its last value, and one that is removed too is gone: as if each were done in turn.
    private static IEnumerable<ChildChange> Put(Commit commit) =>
        commit.Children.Reverse().DistinctBy(child => child.Key).ExceptBy(commit.RemovedChildren, child => child.Key);

    private static object?[] ChildValues((long Of, ChildChange Child)[] children)
    {
        return
        [
            children.Select(one => one.Of).ToArray(), Column(child => child.Key), Column(child => child.Kind), Column(child => child.State),
            Column(child => child.Queue), Column(child => child.Holder), Column(child => child.Fence), Column(child => child.Ordinal),
            Column(child => child.View), Column(child => child.Document),
        ];

        T[] Column<T>(Func<ChildChange, T> value) => [.. children.Select(one => value(one.Child))];
    }

    private static object?[] RemovedValues((long Of, string Key)[] removed) =>
        [removed.Select(one => one.Of).ToArray(), removed.Select(one => one.Key).ToArray()];

    private static object?[] EventValues((long Of, CommitOperation Operation, int Number)[] events)
    {
        return
        [
            events.Select(one => one.Of).ToArray(), events.Select(one => one.Operation.Commit.Events.Length - 1L - one.Number).ToArray(),
            Column(item => item.Type), Column(item => item.At.UtcTicks),
            events.Select(one => one.Operation.Actors[one.Number]).ToArray(), Column(item => item.Data),
        ];

        T[] Column<T>(Func<NewEvent, T> value) => [.. events.Select(one => value(one.Operation.Commit.Events[one.Number]))];
    }
}
