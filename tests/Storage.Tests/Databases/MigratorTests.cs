using System.Collections.Immutable;
using System.Data.Common;
using Control.Contracts.Errors;
using Control.Storage.Databases;
using Control.TestKit.Databases;

namespace Control.Storage.Tests.Databases;

public sealed class MigratorTests : IDisposable
{
    // Tables as they were made, or as they are; and indexes.
    private static readonly Statement SqliteSchema = new("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name");
    private static readonly Statement PostgresSchema = new("""
        SELECT format('CREATE TABLE %s (%s)', table_name, string_agg(concat_ws(' ', column_name, upper(data_type), collation_name, is_nullable), ', ' ORDER BY ordinal_position)) AS line
        FROM information_schema.columns WHERE table_schema = current_schema() GROUP BY table_name
        UNION ALL
        SELECT replace(indexdef, current_schema() || '.', '') FROM pg_indexes WHERE schemaname = current_schema() ORDER BY line
        """);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("control-migrator-");
    private readonly string? _postgres = TestDatabase.Connection();

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("Sqlite", "control")]
    [InlineData("Sqlite", "logs")]
    [InlineData("Postgres", "control")]
    [InlineData("Postgres", "logs")]
    public void Embedded_Numbers_RunFromOneWithoutGaps(string dialect, string database)
    {
        var migrations = Migration.Embedded(dialect, database);
        Assert.NotEmpty(migrations);
        Assert.Equal(Enumerable.Range(1, migrations.Length), migrations.Select(migration => migration.Number));
    }

    [Theory]
    [InlineData("control")]
    [InlineData("logs")]
    public void Run_FromEveryVersion_EndsAtTheSchemaOfAFreshDatabase(string database)
    {
        var all = Migration.Embedded(Dialect("any").MigrationFolder, database);
        var fresh = Migrate("fresh", all);
        Assert.NotEmpty(fresh);
        for (var version = 1; version <= all.Length; version++)
            Assert.Equal(fresh, Migrate($"from-{version}", all[..version], all));
    }

    [Fact]
    public void Run_Twice_AppliesOnce()
    {
        var migrations = ImmutableArray.Create(new Migration(1, "one", "CREATE TABLE a (x TEXT)"), new Migration(2, "two", "CREATE TABLE b (x TEXT); INSERT INTO b VALUES ('1')"));
        var schema = Migrate("db", migrations[..1], migrations, migrations);
        Assert.Contains(schema, line => line.StartsWith("CREATE TABLE b (x TEXT", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_NewerDatabase_RefusedWithCure()
    {
        var migrations = ImmutableArray.Create(new Migration(1, "one", "CREATE TABLE a (x TEXT)"), new Migration(2, "two", "CREATE TABLE b (x TEXT)"));
        var error = Assert.Throws<ControlException>(() => Migrate("db", migrations, migrations[..1]));
        Assert.Equal("storage-too-new", error.Code);
        Assert.Contains("newer program", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_NewerDatabaseThatSaysItMay_IsTakenAsItIs()
    {
        var migrations = ImmutableArray.Create(
            new Migration(1, "one", "CREATE TABLE a (x TEXT)"),
            new Migration(2, "two", "-- works from 1\nCREATE TABLE b (x TEXT)"),
            new Migration(3, "three", "-- works from 2\nCREATE TABLE c (x TEXT)"));
        // Two starts with three around, and goes on; three adds nothing again.
        Assert.Equal(Migrate("fresh", migrations), Migrate("db", migrations, migrations[..2], migrations));
        var error = Assert.Throws<ControlException>(() => Migrate("db", migrations[..1]));
        Assert.Equal("storage-too-new", error.Code);
        Assert.Equal([1, 1, 2], migrations.Select(migration => migration.WorksFrom));
    }

    [Fact]
    public void Run_ChangedScript_Refused()
    {
        var error = Assert.Throws<ControlException>(() => Migrate(
            "db", [new Migration(1, "one", "CREATE TABLE a (x TEXT)")], [new Migration(1, "one", "CREATE TABLE a (y TEXT)")]));
        Assert.Equal("storage-migration-changed", error.Code);
    }

    [Fact]
    public void Run_FailingStep_LeavesNothingBehind()
    {
        Assert.ThrowsAny<Exception>(() => Migrate("db", [new Migration(1, "one", "CREATE TABLE a (x TEXT)"), new Migration(2, "two", "CREATE TABLE broken")]));
        Assert.Contains(Migrate("db", [new Migration(1, "one", "CREATE TABLE a (x TEXT)")]), line => line.StartsWith("CREATE TABLE a (x TEXT", StringComparison.Ordinal));
    }

    [Fact]
    public void Checksum_LineEnds_DoNotMatter() =>
        Assert.Equal(new Migration(1, "n", "a\nb").Checksum, new Migration(1, "n", "a\r\nb").Checksum);

    [Fact]
    public async Task Run_ManyAtOnce_OneApplies()
    {
        var migrations = Migration.Embedded(Dialect("any").MigrationFolder, "control");
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Migrate("db", migrations))));
        Assert.Equal(Migrate("fresh", migrations), Migrate("db", migrations));
    }

    [Fact]
    public void Open_GarbageInsteadOfADatabase_RefusedWithCure()
    {
        File.WriteAllText(Path.Combine(_directory.FullName, "control.db"), new string('x', 8192));
        var options = new StorageOptions { DataDirectory = _directory.FullName };
        var error = Assert.Throws<ControlException>(() => ControlStore.Open(
            options, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance));
        Assert.Equal("storage-corrupt", error.Code);
    }

    [Fact]
    public void OpenWriter_Settings_MakeEveryCommitDurable()
    {
        using var session = new SqliteDialect(Path.Combine(_directory.FullName, "db")).OpenWriter();
        Assert.Equal(("wal", "2"), (Value(session, "PRAGMA journal_mode"), Value(session, "PRAGMA synchronous")));
    }

    [Fact]
    public async Task OpenReader_Write_Refused()
    {
        Migrate("db", [new Migration(1, "one", "CREATE TABLE a (x TEXT)")]);
        using var reader = await Dialect("db").OpenReaderAsync(default);
        Assert.ThrowsAny<DbException>(() => reader.Script("INSERT INTO a VALUES ('1')"));
    }

    private string[] Migrate(string name, params ImmutableArray<Migration>[] runs)
    {
        var dialect = Dialect(name);
        using var session = dialect.OpenWriter();
        foreach (var run in runs)
            new Migrator(dialect, run, TimeProvider.System).Run(session);
        using var reader = session.Query(_postgres is null ? SqliteSchema : PostgresSchema);
        var schema = new List<string>();
        while (reader.Read())
            schema.Add(reader.GetString(0));
        return [.. schema];
    }

    private Dialect Dialect(string name)
    {
        if (_postgres is null)
            return new SqliteDialect(Path.Combine(_directory.FullName, name));
        var server = PostgresConnection.Parse(_postgres);
        server.SearchPath = $"{server.SearchPath![..20]}_{name.Replace('-', '_')}";
        return new PostgresDialect(server, "control");
    }

    private static string Value(Session session, string sql)
    {
        using var reader = session.Query(new Statement(sql));
        reader.Read();
        return reader.GetValue(0).ToString()!;
    }
}
