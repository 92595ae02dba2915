using System.Collections.Immutable;
using System.Data.Common;
using Control.Storage.Databases;
using Control.Storage.Signals;

namespace Control.Storage.Commits;

/// <summary>
/// The grains' way to their state. Commits of many grains share transactions; each succeeds or is refused alone.
/// </summary>
public sealed class CommitStore
{
    /// <summary>Most rows that one transaction removes.</summary>
    internal const int PurgeBatch = 500;

    private readonly Database _database;
    private readonly ChangeSignal _signal;
    private readonly TimeProvider _time;

    internal CommitStore(Database database, ChangeSignal signal, TimeProvider time)
    {
        _database = database;
        _signal = signal;
        _time = time;
    }

    /// <summary>The subject's last commit; null when there is none.</summary>
    /// <exception cref="Contracts.Errors.ControlException">The database failed.</exception>
    public Task<StoredSubject?> LoadAsync(SubjectKey key, CancellationToken ct = default) =>
        _database.Readers.FirstAsync(CommitStatements.Load, [key.Kind, key.Key], Subject, ct);

    /// <summary>The subject's child rows, by kind, ordinal and key.</summary>
    /// <exception cref="Contracts.Errors.ControlException">The database failed.</exception>
    public Task<ImmutableArray<StoredChild>> LoadChildrenAsync(SubjectKey key, CancellationToken ct = default) =>
        _database.Readers.ListAsync(CommitStatements.LoadChildren, [key.Kind, key.Key], Child, ct);

    /// <summary>One of the subject's child rows; null when there is none of that key.</summary>
    /// <exception cref="Contracts.Errors.ControlException">The database failed.</exception>
    public Task<StoredChild?> LoadChildAsync(SubjectKey key, string childKey, CancellationToken ct = default) =>
        _database.Readers.FirstAsync(CommitStatements.LoadChild, [key.Kind, key.Key, childKey], Child, ct);

    /// <summary>
    /// Commits; durable when it returns. <paramref name="ct"/> is heard only while waiting for room in a full queue: once
    /// the commit is on its way its outcome is always waited for.
    /// </summary>
    /// <exception cref="Orleans.Storage.InconsistentStateException">Another activation wrote since; nothing was written.</exception>
    /// <exception cref="Contracts.Errors.ControlException">
    /// The commit is too large, or the database failed. After <c>storage-unavailable</c> and <c>storage-busy</c> the commit
    /// may still have happened: load again before going on.
    /// </exception>
    public async Task<CommitReceipt> CommitAsync(Commit commit, CancellationToken ct = default)
    {
        commit.Check();
        return await _database.Writer.RunAsync(new CommitOperation(commit, _time.GetUtcNow(), _signal), ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Removes the child rows of a deleted subject and its events but the last, in transactions of bounded size that others
    /// come between. Repeating it is harmless; a subject that is not deleted keeps everything.
    /// </summary>
    /// <exception cref="Contracts.Errors.ControlException">The database failed; what was removed stays so.</exception>
    public async Task PurgeAsync(SubjectKey key, CancellationToken ct = default)
    {
        while (await _database.Writer.RunAsync(new PurgeOperation(key, PurgeBatch), ct).ConfigureAwait(false) == PurgeBatch)
        {
            // There may be more.
        }
    }

    private static StoredSubject Subject(DbDataReader row)
    {
        var index = new SubjectIndex(
            row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetString(4), row.Flag(5), row.Flag(6), row.GetString(7), row.Text(8), row.Text(9));
        return new StoredSubject(row.GetInt64(0), row.GetString(12), index, row.TimeOrNull(10), row.GetInt64(11));
    }

    private static StoredChild Child(DbDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.Text(3), row.Text(4), row.GetInt64(5), row.GetInt64(6), row.GetString(7), row.Text(8));
}
