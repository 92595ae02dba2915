using System.Collections.Immutable;
using System.Security.Cryptography;
using Control.Contracts.Errors;

namespace Control.Storage.Databases;

/// <summary>Brings a database to this program's schema, in one transaction that excludes every other process that opens it.</summary>
internal sealed class Migrator(Dialect dialect, ImmutableArray<Migration> migrations, TimeProvider time)
{
    private static readonly Statement AppliedStatement = new("""
        SELECT migrations.number, checksum, COALESCE(works_from, migrations.number)
        FROM migrations LEFT JOIN migration_compatibility ON migration_compatibility.number = migrations.number
        """);

    private static readonly Statement RecordStatement = new(
        "INSERT INTO migrations (number, name, checksum, applied_at) VALUES (@number, @name, @checksum, @applied_at)");

    private static readonly Statement CompatibleStatement = new("INSERT INTO migration_compatibility (number, works_from) VALUES (@number, @works_from)");

    /// <summary>
    /// Applies what is missing; a database that is up to date is left alone. <paramref name="prepare"/> runs in the same
    /// transaction, which after an exception ends with the session.
    /// </summary>
    /// <exception cref="ControlException">
    /// <c>storage-too-new</c>: a newer program wrote it; <c>storage-migration-changed</c>: it was made by other scripts.
    /// </exception>
    public void Run(Session session, Action<Session>? prepare = null)
    {
        dialect.BeginAlone(session);
        session.Script("""
            CREATE TABLE IF NOT EXISTS migrations (
                number     INTEGER NOT NULL PRIMARY KEY,
                name       TEXT    NOT NULL,
                checksum   TEXT    NOT NULL,
                applied_at BIGINT  NOT NULL
            );
            CREATE TABLE IF NOT EXISTS migration_compatibility (
                number     INTEGER NOT NULL PRIMARY KEY,
                works_from INTEGER NOT NULL
            )
            """);
        Apply(session, Applied(session));
        prepare?.Invoke(session);
        dialect.Commit(session);
    }

    private static Dictionary<long, (string Checksum, long WorksFrom)> Applied(Session session)
    {
        var applied = new Dictionary<long, (string Checksum, long WorksFrom)>();
        using var reader = session.Query(AppliedStatement);
        while (reader.Read())
            applied.Add(reader.GetInt64(0), (reader.GetString(1), reader.GetInt64(2)));
        return applied;
    }

    // While an upgrade goes through the cluster, and after it is taken back, programs start on a database that is ahead of them.
    private void Apply(Session session, Dictionary<long, (string Checksum, long WorksFrom)> applied)
    {
        var newest = applied.Keys.DefaultIfEmpty().Max();
        if (applied.Values.Any(step => step.WorksFrom > migrations.Length))
        {
            throw new ControlException(
                "storage-too-new",
                $"The database is at schema {newest}, which this program, knowing up to {migrations.Length}, cannot work with. Start the newer program, or restore the backup made before the upgrade.");
        }

        foreach (var migration in migrations)
        {
            if (!applied.TryGetValue(migration.Number, out var step))
                Apply(session, migration);
            else if (step.Checksum != migration.Checksum)
                throw Changed(migration);
        }
    }

    private void Apply(Session session, Migration migration)
    {
        session.Script(migration.Script, isLong: true);
        session.Execute(RecordStatement, migration.Number, migration.Name, migration.Checksum, time.GetUtcNow().UtcTicks);
        session.Execute(CompatibleStatement, migration.Number, migration.WorksFrom);
    }

    private static ControlException Changed(Migration migration) => new(
        "storage-migration-changed",
        $"The database was made with another version of migration {migration.Number} ({migration.Name}) than this program carries. Start the program that made it.");
}

/// <summary>Names and values a database keeps about itself.</summary>
internal static class Meta
{
    /// <summary>Under which the incarnation is kept.</summary>
    public const string IncarnationName = "incarnation";

    private const string GenerationName = "generation";

    private static readonly Statement GetStatement = new("SELECT value FROM meta WHERE name = @name");
    private static readonly Statement SetStatement = new(
        "INSERT INTO meta (name, value) VALUES (@name, @value) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    private static readonly Statement AddStatement = new("INSERT INTO meta (name, value) VALUES (@name, @value) ON CONFLICT (name) DO NOTHING");
    private static readonly Statement NextStatement = new("""
        INSERT INTO meta (name, value) VALUES (@name, '1')
        ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)
        RETURNING CAST(value AS BIGINT)
        """);

    private static readonly Statement SkipStatement = new("""
        INSERT INTO meta (name, value) VALUES (@name, '1000000')
        ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1000000 AS TEXT)
        """);

    /// <summary>A value; null when it was never set.</summary>
    public static string? Get(Session session, string name)
    {
        using var reader = session.Query(GetStatement, name);
        return reader.Read() ? reader.GetString(0) : null;
    }

    /// <summary>Sets a value.</summary>
    public static void Set(Session session, string name, string value) => session.Execute(SetStatement, name, value);

    /// <summary>A number that is higher than all given before, also after a repeat whose first answer was lost.</summary>
    public static long NextGeneration(Session session)
    {
        using var reader = session.Query(NextStatement, GenerationName);
        reader.Read();
        return reader.GetInt64(0);
    }

    /// <summary>The random id this database got when it was made, or put back from a backup, 32 hex digits.</summary>
    public static string Incarnation(Session session)
    {
        session.Execute(AddStatement, IncarnationName, NewIncarnation());
        return Get(session, IncarnationName)!;
    }

    /// <summary>
    /// Makes the database another one to whoever knew it: it may have gone back in time. Generations go on far beyond those that
    /// were given after the moment it went back to.
    /// </summary>
    public static void RenewIncarnation(Session session)
    {
        Set(session, IncarnationName, NewIncarnation());
        session.Execute(SkipStatement, GenerationName);
    }

    private static string NewIncarnation() => RandomNumberGenerator.GetHexString(32, lowercase: true);
}
