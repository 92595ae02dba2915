using System.Collections.Immutable;
using System.Text.Json;
using Control.Storage.Databases;

namespace Control.Storage.Work;

/// <summary>Questions that grains ask about other grains' work, answered from projected columns by index only.</summary>
public sealed class WorkIndex
{
    // Sorts behind every boot id.
    private const string AfterAll = "\uFFFF";

    private readonly ReadPool _readers;

    internal WorkIndex(Database database) => _readers = database.Readers;

    /// <summary>Children waiting in a queue, oldest subject first, then by ordinal; up to <paramref name="limit"/>.</summary>
    public Task<ImmutableArray<QueuedChild>> QueuedAsync(string queue, int limit, CancellationToken ct = default) => _readers.ListAsync(
        WorkStatements.Queued,
        [queue, limit],
        row => new QueuedChild(new SubjectKey(row.GetString(0), row.GetString(1)), row.GetString(2)),
        ct);

    /// <summary>Queues in which something waits and whose names begin so.</summary>
    public Task<ImmutableArray<string>> QueuesAsync(string prefix = "", CancellationToken ct = default) =>
        _readers.ListAsync(WorkStatements.Queues, [prefix, prefix + AfterAll], row => row.GetString(0), ct);

    /// <summary>Those of the subjects of a kind that are in a state.</summary>
    public Task<ImmutableArray<string>> InStateAsync(string kind, IEnumerable<string> keys, string state, CancellationToken ct = default) => _readers.ListAsync(
        WorkStatements.InState, [kind, JsonSerializer.Serialize(keys), state], row => row.GetString(0), ct);

    /// <summary>Children leased to, running on or being stopped by a holder.</summary>
    public Task<ImmutableArray<StoredHold>> HeldByAsync(string holder, CancellationToken ct = default) => _readers.ListAsync(
        WorkStatements.Held,
        [holder],
        row => new StoredHold(new SubjectKey(row.GetString(0), row.GetString(1)), row.GetString(2), row.GetInt64(3), row.GetString(4)),
        ct);

    /// <summary>Subjects to be woken by <paramref name="now"/>, longest due first.</summary>
    public Task<ImmutableArray<DueSubject>> DueAsync(DateTimeOffset now, int limit, CancellationToken ct = default) => _readers.ListAsync(
        WorkStatements.Due,
        [now.UtcTicks, limit],
        row => new DueSubject(new SubjectKey(row.GetString(0), row.GetString(1)), row.Time(2)),
        ct);

    /// <summary>When the next subject is to be woken; null when none is.</summary>
    public async Task<DateTimeOffset?> NextDueAsync(CancellationToken ct = default)
    {
        var rows = await _readers.ListAsync(WorkStatements.NextDue, [], row => row.Time(0), ct).ConfigureAwait(false);
        return rows.IsEmpty ? null : rows[0];
    }

    /// <summary>
    /// Unfinished subjects whose owner is not one of the live ones: they are to be adopted. What live owners have is not read:
    /// the index is searched between their names.
    /// </summary>
    /// <param name="live">Boot ids of the silos that live.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="ct">Ends the reading.</param>
    public async Task<ImmutableArray<SubjectKey>> OrphansAsync(IEnumerable<string> live, int limit, CancellationToken ct = default)
    {
        var orphans = ImmutableArray.CreateBuilder<SubjectKey>();
        var after = "";
        foreach (var before in live.Order(StringComparer.Ordinal).Append(AfterAll))
        {
            orphans.AddRange(await _readers.ListAsync(
                WorkStatements.Orphans, [after, before, limit - orphans.Count], row => new SubjectKey(row.GetString(0), row.GetString(1)), ct).ConfigureAwait(false));
            after = before;
        }

        return orphans.ToImmutable();
    }

    /// <summary>Whether a subject listed under <paramref name="parent"/> is not finished.</summary>
    public async Task<bool> HasUnfinishedAsync(string kind, string parent, CancellationToken ct = default)
    {
        var rows = await _readers.ListAsync(WorkStatements.Unfinished, [kind, parent], row => row.GetString(0), ct).ConfigureAwait(false);
        return !rows.IsEmpty;
    }

    /// <summary>
    /// The ordinal of the n-th newest of a parent's subjects that are in one of the states; null when there are fewer. Walks
    /// the index over what is newer, not the rows.
    /// </summary>
    public async Task<long?> NewestAsync(string kind, string parent, IEnumerable<string> states, int n, CancellationToken ct = default)
    {
        var rows = await _readers.ListAsync(
            WorkStatements.Newest, [parent, kind, JsonSerializer.Serialize(states), n - 1], row => row.GetInt64(0), ct).ConfigureAwait(false);
        return rows.IsEmpty ? null : rows[0];
    }

    /// <summary>A parent's subjects that are in one of the states, by ordinal from <paramref name="from"/> on.</summary>
    public Task<ImmutableArray<ListedSubject>> InStatesAsync(
        string kind, string parent, IEnumerable<string> states, long from, int limit, CancellationToken ct = default) => _readers.ListAsync(
        WorkStatements.Oldest,
        [parent, kind, JsonSerializer.Serialize(states), from, limit],
        row => new ListedSubject(new SubjectKey(kind, row.GetString(0)), row.GetInt64(1), row.GetString(2)),
        ct);

    /// <summary>Those of the subjects of a kind that were deleted.</summary>
    public Task<ImmutableArray<string>> DeletedAsync(string kind, IEnumerable<string> keys, CancellationToken ct = default) => _readers.ListAsync(
        WorkStatements.Deleted, [kind, JsonSerializer.Serialize(keys)], row => row.GetString(0), ct);

    /// <summary>The silos that are not deleted, oldest first, without what they tell of themselves.</summary>
    public Task<ImmutableArray<SubjectHead>> SilosAsync(CancellationToken ct = default) => _readers.ListAsync(
        WorkStatements.Heads, [SubjectKinds.Silo], row => new SubjectHead(row.GetString(0), row.GetInt64(1), row.GetString(2), row.Time(3)), ct);

    /// <summary>All agents that are not deleted.</summary>
    public Task<ImmutableArray<StoredView>> AgentsAsync(CancellationToken ct = default) => _readers.ListAsync(
        WorkStatements.OfKind,
        [SubjectKinds.Agent],
        row => new StoredView(new SubjectKey(SubjectKinds.Agent, row.GetString(0)), row.GetString(1)),
        ct);
}

/// <summary>A child that waits for a holder.</summary>
/// <param name="Subject">Whose child.</param>
/// <param name="ChildKey">Its key there.</param>
public sealed record QueuedChild(SubjectKey Subject, string ChildKey);

/// <summary>A child that somebody holds.</summary>
/// <param name="Subject">Whose child.</param>
/// <param name="ChildKey">Its key there.</param>
/// <param name="Fence">Fence of the lease.</param>
/// <param name="Document">The child's JSON.</param>
public sealed record StoredHold(SubjectKey Subject, string ChildKey, long Fence, string Document);

/// <summary>A subject whose time has come.</summary>
/// <param name="Subject">Which.</param>
/// <param name="At">When it was to be woken.</param>
public sealed record DueSubject(SubjectKey Subject, DateTimeOffset At);

/// <summary>A subject of a list.</summary>
/// <param name="Subject">Which.</param>
/// <param name="Version">Its version.</param>
/// <param name="View">Its JSON.</param>
public sealed record ListedSubject(SubjectKey Subject, long Version, string View);

/// <summary>A subject's view.</summary>
/// <param name="Subject">Which.</param>
/// <param name="View">Its JSON.</param>
public sealed record StoredView(SubjectKey Subject, string View);

/// <summary>What tells whether a subject changed.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Version">Counts its commits.</param>
/// <param name="State">Its state as a camelCase word.</param>
/// <param name="UpdatedAt">When it was last committed.</param>
public sealed record SubjectHead(string Key, long Version, string State, DateTimeOffset UpdatedAt);
