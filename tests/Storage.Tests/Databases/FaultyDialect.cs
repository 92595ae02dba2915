using System.Data.Common;
using Control.Contracts.Errors;
using Control.Storage.Databases;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Control.Storage.Tests.Databases;

/// <summary>What is to go wrong.</summary>
internal enum Fault
{
    /// <summary>Somebody else is in the way.</summary>
    Busy,

    /// <summary>The disk or the connection fails.</summary>
    IoError,

    /// <summary>There is no room left.</summary>
    Full,
}

/// <summary>A database with faults at the connection: what is queued up here happens at the next transactions, one each.</summary>
internal sealed class FaultyDialect(Dialect inner) : Dialect
{
    /// <summary>Faults before the commit: nothing is written.</summary>
    public Queue<Fault> BeforeCommit { get; } = new();

    /// <summary>Faults after the commit: everything is written, and the answer is lost.</summary>
    public Queue<Fault> AfterCommit { get; } = new();

    /// <summary>Runs after each commit that succeeded, on the writer's thread.</summary>
    public Action? Committed { get; set; }

    /// <summary>SQLite's disk's size, in pages of 4 KiB.</summary>
    public int? MaxPages { get; init; }

    /// <summary>Transactions begun.</summary>
    public int Begun { get; private set; }

    public override string MigrationFolder => inner.MigrationFolder;

    public override bool WritesSets => inner.WritesSets;

    public override Session OpenWriter()
    {
        var session = inner.OpenWriter();
        if (MaxPages is { } pages)
            session.Script($"PRAGMA max_page_count = {pages}");
        return session;
    }

    public override Task<Session> OpenReaderAsync(CancellationToken ct) => inner.OpenReaderAsync(ct);

    public override void Begin(Session session)
    {
        Begun++;
        inner.Begin(session);
    }

    public override void BeginAlone(Session session) => inner.BeginAlone(session);

    public override void Commit(Session session)
    {
        if (BeforeCommit.TryDequeue(out var fault))
            throw Error(fault);
        inner.Commit(session);
        if (AfterCommit.TryDequeue(out fault))
            throw Error(fault);
        Committed?.Invoke();
    }

    public override bool IsTransient(DbException error) => inner.IsTransient(error);

    public override ControlException Fault(DbException error) => inner.Fault(error);

    private DbException Error(Fault fault) => (inner, fault) switch
    {
        (SqliteDialect, Databases.Fault.Busy) => new SqliteException("injected", 5),
        (SqliteDialect, Databases.Fault.IoError) => new SqliteException("injected", 10),
        (SqliteDialect, _) => new SqliteException("injected", 13),
        (_, Databases.Fault.Busy) => new PostgresException("injected", "ERROR", "ERROR", "40P01"),
        (_, Databases.Fault.IoError) => new NpgsqlException("injected", new IOException("injected")),
        _ => new PostgresException("injected", "ERROR", "ERROR", "53100"),
    };
}
