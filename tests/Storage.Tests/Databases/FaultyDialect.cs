using System.Data.Common;
using Control.Contracts.Errors;
using Control.Storage.Databases;
using Microsoft.Data.Sqlite;

namespace Control.Storage.Tests.Databases;

/// <summary>SQLite with faults at the connection: what is queued up here happens at the next transactions, one each.</summary>
internal sealed class FaultyDialect(string path) : Dialect
{
    public const int Busy = 5, IoError = 10, Full = 13;

    private readonly SqliteDialect _inner = new(path);

    /// <summary>Faults before the commit: nothing is written.</summary>
    public Queue<int> BeforeCommit { get; } = new();

    /// <summary>Faults after the commit: everything is written, and the answer is lost.</summary>
    public Queue<int> AfterCommit { get; } = new();

    /// <summary>Runs after each commit that succeeded, on the writer's thread.</summary>
    public Action? Committed { get; set; }

    /// <summary>The disk's size, in pages of 4 KiB.</summary>
    public int MaxPages { get; init; } = 1_000_000;

    /// <summary>Transactions begun.</summary>
    public int Begun { get; private set; }

    public override string MigrationFolder => _inner.MigrationFolder;

    public override Session OpenWriter()
    {
        var session = _inner.OpenWriter();
        session.Script($"PRAGMA max_page_count = {MaxPages}");
        return session;
    }

    public override Session OpenReader() => _inner.OpenReader();

    public override void Begin(Session session)
    {
        Begun++;
        _inner.Begin(session);
    }

    public override void Commit(Session session)
    {
        if (BeforeCommit.TryDequeue(out var fault))
            throw new SqliteException("injected before the commit", fault);
        _inner.Commit(session);
        if (AfterCommit.TryDequeue(out fault))
            throw new SqliteException("injected after the commit", fault);
        Committed?.Invoke();
    }

    public override bool IsTransient(DbException error) => _inner.IsTransient(error);

    public override ControlException Fault(DbException error) => _inner.Fault(error);
}
