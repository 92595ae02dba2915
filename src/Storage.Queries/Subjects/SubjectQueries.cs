using System.Collections.Immutable;
using System.Data.Common;
using System.Text.Json;
using Control.Contracts.Errors;
using Control.Storage.Databases;

namespace Control.Storage.Queries.Subjects;

/// <summary>Subjects and their children as readers see them: from projected columns, by index, in pages.</summary>
public sealed class SubjectQueries
{
    // Sorts after every key a list can hold: keys are ASCII.
    private const string LastKey = "\uFFFF";

    private readonly ReadPool _readers;
    private readonly string _incarnation;

    /// <summary>Reads from an open store.</summary>
    public SubjectQueries(ControlStore store)
    {
        _readers = store.StateReaders;
        _incarnation = store.Incarnation;
    }

    /// <summary>One subject; null when it does not exist or was deleted.</summary>
    /// <exception cref="ControlException">The database failed.</exception>
    public async Task<Row<T>?> GetAsync<T>(string kind, string key, CancellationToken ct = default)
    {
        var row = await _readers.FirstAsync(SubjectStatements.Get, [kind, key], ListRow.Read, ct).ConfigureAwait(false);
        return row?.As<T>(kind);
    }

    /// <summary>A page of subjects, ordered by (ordinal, key).</summary>
    /// <param name="filter">Which.</param>
    /// <param name="cursor">Of the previous page of the same list; null for the first.</param>
    /// <param name="limit">Most items, 1 to <see cref="PageLimits.Max"/>.</param>
    /// <param name="newestFirst">Highest ordinal first.</param>
    /// <param name="ct">Ends the read.</param>
    /// <exception cref="ControlException"><c>bad-cursor</c>, <c>bad-limit</c>, <c>bad-filter</c>, or the database failed.</exception>
    public async Task<Page<Row<T>>> ListAsync<T>(
        SubjectFilter filter, string? cursor, int limit, bool newestFirst, CancellationToken ct = default)
    {
        PageLimits.Check(limit);
        var scope = Scope(filter, newestFirst);
        var after = After(cursor, scope, newestFirst);
        var rows = new List<ListRow>();
        foreach (var workspace in Workspaces(filter))
            rows.AddRange(await ListAsync(filter, workspace, after, limit + 1, newestFirst, ct).ConfigureAwait(false));
        // A page of each workspace holds all that a page of them together can need.
        rows.Sort((a, b) => newestFirst ? b.CompareTo(a) : a.CompareTo(b));
        var items = rows.Take(limit).Select(row => row.As<T>(filter.Kind));
        var next = rows.Count > limit ? rows[limit - 1].Place.Write(_incarnation, scope) : null;
        return new Page<Row<T>>([.. items], next);
    }

    /// <summary>What a credential is checked against; deleted subjects included. Null when there never was one.</summary>
    /// <exception cref="ControlException">The database failed.</exception>
    public Task<CredentialRow?> GetCredentialAsync(string kind, string key, CancellationToken ct = default) => _readers.FirstAsync(
        SubjectStatements.Credential,
        [kind, key],
        row => new CredentialRow(row.Text(0), row.GetString(1), row.GetString(2), row.Flag(3)),
        ct);

    /// <summary>A page of a subject's children of a kind, ordered by (ordinal, key); without deleted ones, and empty for a deleted subject.</summary>
    /// <exception cref="ControlException"><c>bad-cursor</c>, <c>bad-limit</c>, or the database failed.</exception>
    public async Task<Page<StoredChildView>> ListChildrenAsync(
        SubjectKey subject, string kind, string? cursor, int limit, bool newestFirst = false, CancellationToken ct = default)
    {
        PageLimits.Check(limit);
        var scope = $"children {JsonSerializer.Serialize(new[] { subject.Kind, subject.Key, kind })} {newestFirst}";
        var after = After(cursor, scope, newestFirst);
        var rows = await _readers.ListAsync(
            SubjectStatements.ChildrenOf(newestFirst),
            [subject.Kind, subject.Key, kind, after.Ordinal, after.Key, limit + 1],
            row => new StoredChildView(row.GetString(0), row.GetString(1), row.GetInt64(2), row.Text(3)),
            ct).ConfigureAwait(false);
        if (rows.Length <= limit)
            return new Page<StoredChildView>(rows, null);
        var last = rows[limit - 1];
        return new Page<StoredChildView>(rows[..limit], new Cursor(last.Ordinal, last.Key).Write(_incarnation, scope));
    }

    /// <summary>One child; null when it or its subject does not exist or was deleted.</summary>
    /// <exception cref="ControlException">The database failed.</exception>
    public Task<ChildHead?> GetChildAsync(SubjectKey subject, string childKey, CancellationToken ct = default) => _readers.FirstAsync(
        SubjectStatements.Child,
        [subject.Kind, subject.Key, childKey],
        row => new ChildHead(
            row.GetString(0), row.GetString(1), row.GetString(2), row.Text(3), row.GetInt64(4), row.GetInt64(5), row.Text(6), row.Text(7)),
        ct);

    private Task<ImmutableArray<ListRow>> ListAsync(
        SubjectFilter filter, string? workspace, Cursor after, int limit, bool newestFirst, CancellationToken ct)
    {
        var shape = new ListShape(workspace is not null, filter.Parent is not null, filter.States is not null, newestFirst);
        List<object?> values = [filter.Kind];
        if (workspace is not null)
            values.Add(workspace);
        if (filter.Parent is not null)
            values.Add(filter.Parent);
        if (filter.States is { } states)
            values.Add(JsonSerializer.Serialize(states));
        values.AddRange(after.Ordinal, after.Key, limit);
        return _readers.ListAsync(SubjectStatements.ListOf(shape), [.. values], ListRow.Read, ct);
    }

    // One null for "whichever"; none for "of no workspace".
    private static ImmutableArray<string?> Workspaces(SubjectFilter filter) => filter switch
    {
        { Workspaces: null } => [filter.Workspace],
        { Workspace: null } => [.. filter.Workspaces.Value.Distinct()],
        _ => filter.Workspaces.Value.Contains(filter.Workspace) ? [filter.Workspace] : [],
    };

    private Cursor After(string? cursor, string scope, bool newestFirst) => cursor is null
        ? newestFirst ? new Cursor(long.MaxValue, LastKey) : new Cursor(long.MinValue, "")
        : Cursor.Read(cursor, _incarnation, scope);

    private static string Scope(SubjectFilter filter, bool newestFirst)
    {
        if (filter.Workspaces?.Length > SubjectFilter.MaxWorkspaces || filter.States?.Length > SubjectFilter.MaxStates)
        {
            throw new ControlException(
                "bad-filter", $"A filter names up to {SubjectFilter.MaxWorkspaces} workspaces and {SubjectFilter.MaxStates} states. Name fewer.");
        }

        return $"subjects {JsonSerializer.Serialize(filter)} {newestFirst}";
    }

    private sealed record ListRow(string Key, long Ordinal, long Version, string State, string View) : IComparable<ListRow>
    {
        public Cursor Place => new(Ordinal, Key);

        public static ListRow Read(DbDataReader row) =>
            new(row.GetString(0), row.GetInt64(1), row.GetInt64(2), row.GetString(3), row.GetString(4));

        public Row<T> As<T>(string kind) => new(StoredJson.Read<T>(View, $"view of {kind}:{Key}"), Key, Version, State);

        public int CompareTo(ListRow? other)
        {
            var order = Ordinal.CompareTo(other!.Ordinal);
            return order != 0 ? order : string.CompareOrdinal(Key, other.Key);
        }
    }
}
