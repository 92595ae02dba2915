using System.Collections.Immutable;
using Control.Contracts.Errors;
using Control.Storage.Databases;
using Microsoft.Data.Sqlite;

namespace Control.Storage.Backups;

/// <summary>
/// Copies what a server keeps in its data folder, while it runs, and puts it back. A store on PostgreSQL is backed up with
/// PostgreSQL's own means; of its data folder the keys are copied.
/// </summary>
public static class StoreBackup
{
    private const string State = "control";
    private const string Logs = "logs";
    private const string DraftSuffix = ".restoring";

    // The state first: whatever it knows of a log is then in the copy of the logs, which is younger.
    private static readonly ImmutableArray<string> Databases = [State, Logs];

    /// <summary>Whether these are the files of a backup: both databases, or sealed keys, or all of them.</summary>
    internal static bool IsBackup(ImmutableArray<string?> names)
    {
        var known = names.Count(name => Databases.Any(database => name == FileOf(database)));
        var keys = names.Count(name => name == SealedKeys.FileName);
        return known + keys == names.Length && names.Distinct().Count() == names.Length && names.Length > 0 && (known == 0 || known == Databases.Length);
    }

    /// <summary>
    /// Writes a backup into a new folder, for its owner only. It appears whole or not at all.
    /// </summary>
    /// <param name="dataDirectory">The server's, which may be running.</param>
    /// <param name="folder">Must not exist yet.</param>
    /// <param name="time">For the date.</param>
    /// <param name="passphrase">Seals the keys, of 12 characters or more; null leaves them out.</param>
    /// <param name="hasDatabases">False where the state is on PostgreSQL.</param>
    /// <exception cref="ControlException">
    /// <c>backup-exists</c>, <c>no-store</c>, <c>no-keys</c>, <c>backup-passphrase</c>, or the databases cannot be read.
    /// </exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static BackupManifest Write(string dataDirectory, string folder, TimeProvider time, string? passphrase = null, bool hasDatabases = true)
    {
        folder = Path.TrimEndingDirectorySeparator(folder);
        Check(dataDirectory, folder, passphrase, hasDatabases);
        var takenAt = time.GetUtcNow();
        var draft = $"{folder}.{Guid.NewGuid():N}";
        PrivateFile.CreateFolder(draft);
        try
        {
            foreach (var name in hasDatabases ? Databases : []) CopyDatabase(Path.Combine(dataDirectory, FileOf(name)), Path.Combine(draft, FileOf(name)));
            // After the state, which may be sealed with a key that was added while it was copied.
            if (passphrase is not null) PrivateFile.Write(Path.Combine(draft, SealedKeys.FileName), SealedKeys.Seal(dataDirectory, passphrase));
            var manifest = new BackupManifest(BackupManifest.CurrentFormat, takenAt, [.. Directory.GetFiles(draft).Order(StringComparer.Ordinal).Select(BackupFile.Describe)]);
            manifest.Write(draft);
            PrivateFile.MoveFolder(draft, folder);
            return manifest;
        }
        catch
        {
            Directory.Delete(draft, recursive: true);
            throw;
        }
    }

    /// <summary>
    /// Puts a backup into a data folder that has no store. The store gets a new incarnation: whoever has seen more of the old one,
    /// such as a reader with a cursor or an agent with a job, notices. No server starts on the folder before all is in its place.
    /// </summary>
    /// <param name="folder">The backup's.</param>
    /// <param name="dataDirectory">Made when missing.</param>
    /// <param name="passphrase">Opens the backup's keys; null where they are in the data folder already.</param>
    /// <param name="time">For the dates of migrations.</param>
    /// <exception cref="ControlException">
    /// <c>backup-invalid</c>; <c>backup-passphrase</c>; <c>no-keys</c>: neither the backup nor the data folder has any;
    /// <c>restore-not-empty</c>: there is a store, or a key, already; <c>storage-too-new</c>: a newer program wrote the backup.
    /// </exception>
    /// <exception cref="IOException">The data folder cannot be written.</exception>
    public static BackupManifest Restore(string folder, string dataDirectory, string? passphrase, TimeProvider time)
    {
        var manifest = BackupManifest.ReadChecked(folder);
        var keys = Keys(manifest, folder, dataDirectory, passphrase);
        PrivateFile.CreateFolder(dataDirectory);
        RefuseUnlessEmpty(dataDirectory);
        var hasDatabases = manifest.Files.Any(file => file.Name == FileOf(State));
        if (hasDatabases) WriteDrafts(folder, dataDirectory, time);
        SealedKeys.WriteTo(dataDirectory, keys);
        // The state comes last: without it the folder has no store, and while its draft is there no server makes one.
        foreach (var name in hasDatabases ? Databases.Reverse() : []) PrivateFile.Move(DraftOf(dataDirectory, name), Path.Combine(dataDirectory, FileOf(name)));
        return manifest;
    }

    /// <summary>
    /// Gives a store that was put back by other means a new incarnation. No server may be running on it: one that does would go on
    /// under the old one.
    /// </summary>
    /// <exception cref="ControlException">The database cannot be opened, or is none of Control's.</exception>
    public static void Renew(StorageOptions options)
    {
        var dialect = ControlStore.Dialect(options, State);
        if (options.Database is null && !File.Exists(Path.Combine(options.DataDirectory, FileOf(State)))) throw NoStore(options.DataDirectory);
        try
        {
            using var session = dialect.OpenWriter();
            dialect.Begin(session);
            Meta.RenewIncarnation(session);
            dialect.Commit(session);
        }
        catch (System.Data.Common.DbException error)
        {
            throw dialect.Fault(error);
        }
    }

    /// <summary>Refuses a data folder in which a restore was begun and not finished.</summary>
    /// <exception cref="ControlException"><c>restore-unfinished</c>.</exception>
    internal static void RefuseUnfinished(string dataDirectory)
    {
        if (File.Exists(DraftOf(dataDirectory, State)))
            throw new ControlException("restore-unfinished", $"A restore into {dataDirectory} was not finished. Wait for it, or empty the folder and restore again.");
    }

    private static string FileOf(string database) => database + ".db";

    private static string DraftOf(string dataDirectory, string database) => Path.Combine(dataDirectory, FileOf(database) + DraftSuffix);

    private static void Check(string dataDirectory, string folder, string? passphrase, bool hasDatabases)
    {
        if (passphrase is not null) SealedKeys.Check(passphrase);
        if (Path.Exists(folder)) throw new ControlException("backup-exists", $"{folder} is there already. Name a folder that is not, so that no earlier backup is lost.");
        if (hasDatabases && !Databases.All(name => File.Exists(Path.Combine(dataDirectory, FileOf(name))))) throw NoStore(dataDirectory);
        if (passphrase is not null && !SealedKeys.AreIn(dataDirectory))
            throw new ControlException("no-keys", $"{dataDirectory} has no key file in it. Name the server's data folder with --data.");
        if (passphrase is null && !hasDatabases)
            throw new ControlException("backup-passphrase", "With the state on PostgreSQL only the keys are backed up, which takes a passphrase that seals them: give --passphrase-file.");
    }

    private static IReadOnlyDictionary<string, byte[]> Keys(BackupManifest manifest, string folder, string dataDirectory, string? passphrase)
    {
        var isSealed = manifest.Files.Any(file => file.Name == SealedKeys.FileName);
        if (passphrase is null || !isSealed)
        {
            return SealedKeys.AreIn(dataDirectory)
                ? new Dictionary<string, byte[]>()
                : throw new ControlException("no-keys", isSealed
                    ? "The backup's keys are sealed. Give the passphrase it was made with in --passphrase-file."
                    : $"The backup has no keys. Put secret-keys.json, server.pem and silos.pem of its time into {dataDirectory} first.");
        }

        return SealedKeys.FirstIn(dataDirectory) is { } found
            ? throw NotEmpty(dataDirectory, found)
            : SealedKeys.Open(Path.Combine(folder, SealedKeys.FileName), passphrase);
    }

    // The log that SQLite writes beside a database counts as well: it would be played into whatever is put in front of it.
    private static void RefuseUnlessEmpty(string dataDirectory)
    {
        if (Directory.EnumerateFiles(dataDirectory).Select(path => Path.GetFileName(path)).FirstOrDefault(name => Databases.Any(known => name.StartsWith(FileOf(known), StringComparison.Ordinal))) is { } found)
            throw NotEmpty(dataDirectory, found);
    }

    // Brought up to this program's schema, which refuses what a newer one wrote, and made another store than the one it was.
    private static void WriteDrafts(string folder, string dataDirectory, TimeProvider time)
    {
        foreach (var name in Databases) PrivateFile.Copy(Path.Combine(folder, FileOf(name)), DraftOf(dataDirectory, name));
        Migrate(State, Meta.RenewIncarnation);
        Migrate(Logs, prepare: null);
        ForgetLaterLogs(DraftOf(dataDirectory, State), DraftOf(dataDirectory, Logs));
        // Each was closed by its last user, who writes everything into it and takes the log beside it away.
        if (Databases.Any(name => File.Exists(DraftOf(dataDirectory, name) + "-wal")))
            throw new ControlException("storage-unavailable", $"What was written to {dataDirectory} is not all in its place. Check the disk, empty the folder, and restore again.");

        void Migrate(string name, Action<Session>? prepare)
        {
            var dialect = new SqliteDialect(DraftOf(dataDirectory, name));
            try
            {
                using var session = dialect.OpenWriter();
                new Migrator(dialect, Migration.Embedded(dialect.MigrationFolder, name), time).Run(session, prepare);
            }
            catch (System.Data.Common.DbException error)
            {
                throw dialect.Fault(error);
            }
        }
    }

    // The logs are a little younger than the state: an attempt that this knows nothing of, or has not given out, is given out again
    // under the same name, and must not find the beginning of another's log.
    private static void ForgetLaterLogs(string state, string logs)
    {
        try
        {
            using var connection = Open(logs);
            using var command = connection.CreateCommand();
            command.CommandText = """
                ATTACH DATABASE $state AS state;
                CREATE TEMP TABLE later AS SELECT id FROM logs WHERE attempt NOT IN (
                    SELECT s.key || '/' || c.child_key FROM state.children c JOIN state.subjects s ON s.id = c.subject_id WHERE c.fence > 0);
                DELETE FROM chunks WHERE log_id IN (SELECT id FROM later);
                DELETE FROM logs WHERE id IN (SELECT id FROM later);
                DETACH DATABASE state;
                PRAGMA wal_checkpoint(TRUNCATE);
                """;
            command.Parameters.AddWithValue("$state", state);
            command.ExecuteNonQuery();
        }
        catch (SqliteException error)
        {
            throw new SqliteDialect(logs).Fault(error);
        }
    }

    // SQLite's own copying of a database that is in use: one moment of it, whatever is written meanwhile
    // (https://www.sqlite.org/backup.html). Its writers wait for nothing, as they write to the log beside it.
    private static void CopyDatabase(string from, string to)
    {
        PrivateFile.Create(to).Dispose();
        try
        {
            // To read a database that nobody has open, SQLite must be able to write beside it.
            using var source = Open(from);
            using var target = Open(to);
            source.BackupDatabase(target);
        }
        catch (SqliteException error)
        {
            throw new SqliteDialect(from).Fault(error);
        }

        using var file = new FileStream(to, FileMode.Open, FileAccess.ReadWrite);
        file.Flush(flushToDisk: true);
    }

    private static SqliteConnection Open(string path)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private static ControlException NoStore(string dataDirectory) =>
        new("no-store", $"{dataDirectory} has no store in it. Name the server's data folder with --data.");

    private static ControlException NotEmpty(string dataDirectory, string found) =>
        new("restore-not-empty", $"{dataDirectory} has a {found} already. Name an empty folder, or move all of this one away: nothing is overwritten.");
}
