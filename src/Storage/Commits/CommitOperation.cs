using System.Data.Common;
using System.Security.Cryptography;
using Control.Contracts;
using Control.Storage.Databases;
using Control.Storage.Signals;
using Orleans.Storage;

namespace Control.Storage.Commits;

/// <summary>
/// A commit on its way. Its write id is made once, so that after a transaction whose outcome is unknown the repeat finds
/// its own write and takes it for what it is: done.
/// </summary>
internal sealed class CommitOperation : WriteOperation<CommitReceipt>
{
    private readonly Commit _commit;
    private readonly long _now;
    private readonly ChangeSignal _signal;
    private readonly string _writeId = RandomNumberGenerator.GetHexString(32, lowercase: true);
    private readonly string[] _actors;
    private CommitReceipt? _receipt;

    /// <summary>Prepares what can be prepared outside the writer's thread.</summary>
    public CommitOperation(Commit commit, DateTimeOffset now, ChangeSignal signal)
        : base(commit.Size)
    {
        _commit = commit;
        _now = now.UtcTicks;
        _signal = signal;
        _actors = [.. commit.Events.Select(item => ContractJson.Write(item.By))];
    }

    /// <inheritdoc/>
    public override WriteSet Set => CommitSet.Instance;

    /// <summary>What is to be committed.</summary>
    public Commit Commit => _commit;

    /// <summary>Tells this commit from every other.</summary>
    public string WriteId => _writeId;

    /// <summary>The present, in UTC ticks.</summary>
    public long Now => _now;

    /// <summary>Who caused each event, as JSON.</summary>
    public ReadOnlySpan<string> Actors => _actors;

    /// <inheritdoc/>
    protected override CommitReceipt Result => _receipt!;

    /// <inheritdoc/>
    public override void Apply(Session session)
    {
        Refusal = null;
        if (WriteSubject(session) is not { } id)
        {
            using var row = session.Query(CommitStatements.Find, _commit.Subject.Kind, _commit.Subject.Key);
            Resolve(row.Read() ? new Found(row.GetInt64(0), row.GetString(1), row.GetInt64(2)) : null);
            return;
        }

        foreach (var child in _commit.Children)
        {
            session.Execute(
                CommitStatements.PutChild,
                id, child.Key, child.Kind, child.State, child.Queue, child.Holder, child.Fence, child.Ordinal, child.View, child.Document);
        }

        foreach (var key in _commit.RemovedChildren)
        {
            session.Execute(CommitStatements.RemoveChild, id, key);
        }

        var sequence = _receipt!.LastSequence - _commit.Events.Length;
        for (var i = 0; i < _actors.Length; i++)
        {
            var item = _commit.Events[i];
            session.Execute(CommitStatements.AddEvent, id, ++sequence, item.Type, item.At.UtcTicks, _actors[i], item.Data);
        }
    }

    /// <inheritdoc/>
    public override void Succeed()
    {
        base.Succeed();
        if (Refusal is null)
            _signal.Raise(_commit.Subject);
    }

    /// <summary>It was written.</summary>
    public void Written(CommitReceipt receipt) => (_receipt, Refusal) = (receipt, null);

    /// <summary>It was not: either an earlier try of this very commit succeeded and its answer was lost, or somebody else wrote.</summary>
    /// <param name="found">What is there; null for nothing.</param>
    public void Resolve(Found? found)
    {
        if (found?.WriteId == _writeId)
        {
            Written(new CommitReceipt(found.Version, found.LastSequence));
            return;
        }

        Refusal = new InconsistentStateException(
            $"{_commit.Subject} is at version {found?.Version ?? 0}, the commit expected {_commit.ExpectedVersion}.");
    }

    // Returns the row's id, or null when the version found is not the one expected.
    private long? WriteSubject(Session session)
    {
        using var row = _commit.ExpectedVersion == 0 ? Insert(session) : Update(session);
        if (!row.Read())
            return null;
        _receipt = new CommitReceipt(row.GetInt64(1), row.GetInt64(2));
        return row.GetInt64(0);
    }

    private DbDataReader Insert(Session session)
    {
        var (subject, index) = (_commit.Subject, _commit.Index);
        return session.Query(
            CommitStatements.Insert,
            subject.Kind, subject.Key, _writeId, index.Workspace, index.Parent, index.Ordinal, index.State, Flag(index.Terminal), Flag(index.Deleted),
            index.SecretHash, index.Owner, _commit.NextWake?.UtcTicks, (long)_commit.Events.Length, _now, index.View, _commit.Document);
    }

    private DbDataReader Update(Session session)
    {
        var (subject, index) = (_commit.Subject, _commit.Index);
        return session.Query(
            CommitStatements.Update,
            _writeId, index.Workspace, index.Parent, index.Ordinal, index.State, Flag(index.Terminal), Flag(index.Deleted), index.SecretHash,
            index.Owner, _commit.NextWake?.UtcTicks, (long)_commit.Events.Length, _now, index.View, _commit.Document,
            subject.Kind, subject.Key, _commit.ExpectedVersion);
    }

    private static object Flag(bool value) => value ? 1L : 0L;

    /// <summary>A subject as a commit that came too late finds it.</summary>
    public sealed record Found(long Version, string WriteId, long LastSequence);
}
