using System.Data.Common;
using Control.Contracts.Errors;

namespace Control.Storage.Databases;

/// <summary>
/// What differs between databases: opening a connection, starting and ending a transaction, what an error means. The
/// statements themselves are the same everywhere, but for what <see cref="WriteSet"/>s say. It is also where tests inject faults.
/// </summary>
internal abstract class Dialect
{
    private static readonly Statement CommitStatement = new("COMMIT");

    /// <summary>Folder of this dialect's migrations.</summary>
    public abstract string MigrationFolder { get; }

    /// <summary>A connection that may write and whose commits are durable when they return.</summary>
    public abstract Session OpenWriter();

    /// <summary>A connection that can only read and never blocks the writer.</summary>
    public abstract Task<Session> OpenReaderAsync(CancellationToken ct);

    /// <summary>
    /// True where every statement is a round trip: operations of one kind are then applied by their <see cref="WriteSet"/>.
    /// False where they are applied one by one.
    /// </summary>
    public virtual bool WritesSets => false;

    /// <summary>Asks for the database's own time, in milliseconds since 1970; null where it has the clock of this machine.</summary>
    public virtual Statement? Clock => null;

    /// <summary>Begins a transaction.</summary>
    public abstract void Begin(Session session);

    /// <summary>Begins a transaction that no other process's opening of this database can be in, and makes the place for its tables.</summary>
    public virtual void BeginAlone(Session session) => Begin(session);

    /// <summary>Commits; when it returns the transaction survives a power failure.</summary>
    public virtual void Commit(Session session) => session.Execute(CommitStatement);

    /// <summary>True when the same work may succeed in a moment on a fresh connection.</summary>
    public abstract bool IsTransient(DbException error);

    /// <summary>True when somebody else's lock on one row is what the transaction failed for: others of its operations may go on.</summary>
    public virtual bool IsLock(DbException error) => false;

    /// <summary>The error in words a person can act on.</summary>
    public abstract ControlException Fault(DbException error);
}
