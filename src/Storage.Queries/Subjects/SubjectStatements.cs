using Control.Storage.Databases;

namespace Control.Storage.Queries.Subjects;

/// <summary>
/// Statements of <see cref="SubjectQueries"/>: projected columns only, never a grain's document. There is one per
/// combination of filter and direction, because a condition that is switched off by a value keeps the planner from the index.
/// </summary>
internal static class SubjectStatements
{
    // What is not deleted has indexes for lists, which would find one subject by reading through all of its kind.
    public static readonly Statement Get = new(
        "SELECT key, ordinal, version, state, view FROM subjects WHERE kind = @kind AND key = @key AND +deleted = 0");

    public static readonly Statement Credential = new(
        "SELECT secret_hash, view, state, deleted FROM subjects WHERE kind = @kind AND key = @key");

    public static readonly Statement Child = new("""
        SELECT c.child_key, c.kind, c.state, c.holder, c.fence, c.ordinal, c.view,
            CASE WHEN c.kind = 'definition' THEN c.document END
        FROM subjects s JOIN children c ON c.subject_id = s.id
        WHERE s.kind = @kind AND s.key = @key AND +s.deleted = 0 AND c.child_key = @child AND c.state <> 'deleted'
        """);

    private static readonly Dictionary<ListShape, Statement> Lists = ListShape.All.ToDictionary(shape => shape, List);
    private static readonly Statement ChildrenForward = Children(newestFirst: false);
    private static readonly Statement ChildrenBackward = Children(newestFirst: true);

    /// <summary>Values: kind, then workspace, parent, and states as a JSON array as the shape has them; ordinal, key, limit.</summary>
    public static Statement ListOf(ListShape shape) => Lists[shape];

    /// <summary>Values: subject's kind and key, child kind, ordinal, key, limit.</summary>
    public static Statement ChildrenOf(bool newestFirst) => newestFirst ? ChildrenBackward : ChildrenForward;

    private static Statement List(ListShape shape)
    {
        var (after, order) = Direction(shape.NewestFirst);
        var workspace = shape.Workspace ? "AND workspace = @workspace" : "";
        var parent = shape.Parent ? "AND parent = @parent" : "";
        var states = shape.States ? "AND state IN (SELECT value FROM json_each(@states))" : "";
        return new($"""
            SELECT key, ordinal, version, state, view FROM subjects
            WHERE kind = @kind {workspace} {parent} {states} AND deleted = 0 AND (ordinal, key) {after} (@ordinal, @key)
            ORDER BY ordinal {order}, key {order} LIMIT @limit
            """);
    }

    private static Statement Children(bool newestFirst)
    {
        var (after, order) = Direction(newestFirst);
        return new($"""
            SELECT c.child_key, c.state, c.ordinal, c.view FROM children c
            WHERE c.subject_id = (SELECT id FROM subjects WHERE kind = @kind AND key = @key AND +deleted = 0)
                AND c.kind = @child_kind AND c.state <> 'deleted'
                AND (c.ordinal, c.child_key) {after} (@ordinal, @child)
            ORDER BY c.ordinal {order}, c.child_key {order} LIMIT @limit
            """);
    }

    private static (string After, string Order) Direction(bool newestFirst) => newestFirst ? ("<", "DESC") : (">", "ASC");
}

/// <summary>Which conditions a list has, and its direction.</summary>
internal readonly record struct ListShape(bool Workspace, bool Parent, bool States, bool NewestFirst)
{
    private static readonly bool[] Both = [false, true];

    /// <summary>Every shape.</summary>
    public static IEnumerable<ListShape> All =>
        from workspace in Both
        from parent in Both
        from states in Both
        from newestFirst in Both
        select new ListShape(workspace, parent, states, newestFirst);
}
