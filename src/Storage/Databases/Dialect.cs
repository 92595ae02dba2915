using System.Data.Common;
using Control.Contracts.Errors;

namespace Control.Storage.Databases;

/// <summary>
/// What differs between databases: opening a connection, starting and ending a transaction, what an error means. The
/// statements themselves are the same everywhere. It is also where tests inject faults.
/// </summary>
internal abstract class Dialect
{
    private static readonly Statement CommitStatement = new("COMMIT");
    private static readonly Statement RollbackStatement = new("ROLLBACK");

    /// <summary>Folder of this dialect's migrations.</summary>
    public abstract string MigrationFolder { get; }

    /// <summary>A connection that may write and whose commits are durable when they return.</summary>
    public abstract Session OpenWriter();

    /// <summary>A connection that can only read and never blocks the writer.</summary>
    public abstract Session OpenReader();

    /// <summary>Begins a transaction that no other writer can be in.</summary>
    public abstract void Begin(Session session);

    /// <summary>Commits; when it returns the transaction survives a power failure.</summary>
    public virtual void Commit(Session session) => session.Execute(CommitStatement);

    /// <summary>Takes the transaction back.</summary>
    public virtual void Rollback(Session session) => session.Execute(RollbackStatement);

    /// <summary>True when the same work may succeed in a moment on a fresh connection.</summary>
    public abstract bool IsTransient(DbException error);

    /// <summary>The error in words a person can act on.</summary>
    public abstract ControlException Fault(DbException error);
}
