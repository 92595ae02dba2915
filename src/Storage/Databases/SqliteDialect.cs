using System.Data.Common;
using Control.Contracts.Errors;
using Microsoft.Data.Sqlite;

namespace Control.Storage.Databases;

/// <summary>SQLite: one file, write-ahead log, a sync per commit.</summary>
/// <param name="path">The database file.</param>
internal sealed class SqliteDialect(string path) : Dialect
{
    // Primary result codes, https://www.sqlite.org/rescode.html.
    private const int Busy = 5, Locked = 6, NoMemory = 7, ReadOnly = 8, IoError = 10, Corrupt = 11, Full = 13, CannotOpen = 14, NotADatabase = 26;

    private static readonly Statement BeginStatement = new("BEGIN IMMEDIATE");

    /// <inheritdoc/>
    public override string MigrationFolder => "Sqlite";

    /// <inheritdoc/>
    public override Session OpenWriter()
    {
        CreateFile();
        var session = Open(SqliteOpenMode.ReadWriteCreate);
        // FULL syncs the write-ahead log at each commit (NORMAL would lose the last commits on power failure). Fewer,
        // larger checkpoints than the default of 1,000 pages write a hot page back once instead of many times.
        session.Script("""
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            PRAGMA wal_autocheckpoint = 4000;
            PRAGMA journal_size_limit = 67108864;
            PRAGMA cache_size = -32768;
            PRAGMA temp_store = MEMORY;
            """);
        return session;
    }

    /// <inheritdoc/>
    public override Task<Session> OpenReaderAsync(CancellationToken ct) => Task.FromResult(Open(SqliteOpenMode.ReadOnly));

    /// <inheritdoc/>
    public override void Begin(Session session) => session.Execute(BeginStatement);

    /// <inheritdoc/>
    public override bool IsTransient(DbException error) => Code(error) is Busy or Locked or NoMemory or IoError or CannotOpen;

    /// <inheritdoc/>
    public override ControlException Fault(DbException error) => Code(error) switch
    {
        Full => new("storage-full", $"The disk of {path} is full. Free space on it; nothing that was confirmed is lost."),
        ReadOnly => new("storage-read-only", $"{path} cannot be written. Give the user of this process write access to the file and its directory."),
        Corrupt or NotADatabase => new("storage-corrupt", $"{path} is damaged. Stop the server and restore the latest backup."),
        Busy or Locked => new("storage-busy", $"Another process keeps {path} locked. End it, or let it finish; then repeat."),
        IoError or CannotOpen => new("storage-unavailable", $"{path} cannot be read or written ({error.Message}). Check the disk and the mount."),
        _ => new("storage-fault", $"The database {path} failed: {error.Message}"),
    };

    // For its owner only, wherever the directory came from: SQLite would let everybody read it, and gives its write-ahead
    // log the modes of the database.
    private void CreateFile()
    {
        if (OperatingSystem.IsWindows() || File.Exists(path))
            return;
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
            using var file = new FileStream(path, options);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Made by another process meanwhile, or not to be made here, which opening it tells in its own words.
        }
    }

    private Session Open(SqliteOpenMode mode)
    {
        // Pooled by ReadPool and WriteQueue themselves, with their prepared statements. The time-out, in seconds, bounds
        // how long a statement waits for another process's lock; the queue's retries multiply it.
        var settings = new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 2 };
        var connection = new SqliteConnection(settings.ToString());
        try
        {
            connection.Open();
            return new Session(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static int Code(DbException error) => error is SqliteException sqlite ? sqlite.SqliteErrorCode : 0;
}
