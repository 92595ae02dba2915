using Control.Contracts.Runs;
using Control.Storage.Databases;

namespace Control.Storage.Logs;

/// <summary>Removes some of a run's logs; the answer tells whether there may be more.</summary>
internal sealed class RemoveOperation(RunId run, int chunks) : WriteOperation<bool>(chunks * 64L)
{
    private bool _isMore;

    /// <inheritdoc/>
    protected override bool Result => _isMore;

    /// <inheritdoc/>
    public override void Apply(Session session)
    {
        var log = First(session);
        _isMore = log is not null;
        if (log is { } id && session.Execute(LogStatements.RemoveChunks, id, chunks) < chunks)
            session.Execute(LogStatements.Remove, id);
    }

    private long? First(Session session)
    {
        using var row = session.Query(LogStatements.FirstOfRun, run.ToString());
        return row.Read() ? row.GetInt64(0) : null;
    }
}
