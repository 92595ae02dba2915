using Control.Storage.Databases;

namespace Control.Storage.Commits;

/// <summary>Removes some of a deleted subject's rows: children, then all events but the last, which says that it was deleted.</summary>
internal sealed class PurgeOperation(SubjectKey subject, int limit) : WriteOperation<int>(limit * 64L)
{
    private int _removed;

    /// <inheritdoc/>
    protected override int Result => _removed;

    /// <inheritdoc/>
    public override void Apply(Session session)
    {
        _removed = session.Execute(CommitStatements.PurgeChildren, subject.Kind, subject.Key, limit);
        if (_removed < limit)
            _removed += session.Execute(CommitStatements.PurgeEvents, subject.Kind, subject.Key, limit - _removed);
    }
}
