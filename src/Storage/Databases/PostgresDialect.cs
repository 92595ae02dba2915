using System.Data.Common;
using System.Text.RegularExpressions;
using Control.Contracts.Errors;
using Npgsql;

namespace Control.Storage.Databases;

/// <summary>PostgreSQL, from version 13: a schema of a database that other processes write to as well.</summary>
/// <param name="server">Where it is, and who asks.</param>
/// <param name="database">The store's name of it: <c>control</c> or <c>logs</c>.</param>
internal sealed partial class PostgresDialect(NpgsqlConnectionStringBuilder server, string database) : Dialect
{
    private const int WriteSeconds = 20, ReadSeconds = 10;

    // SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html.
    private const string ReadOnly = "25006", DiskFull = "53100", LockNotAvailable = "55P03", WrongPassword = "28P01", WrongUser = "28000",
        NoDatabase = "3D000", NoPrivilege = "42501", DataCorrupt = "XX001", IndexCorrupt = "XX002", NotDurable = "CT001";

    private static readonly HashSet<string> Passing =
    [
        "40001", "40P01", "53000", "53200", "53300", "57014", "57P01", "57P02", "57P03", "57P05", "58030", "25P03", ReadOnly, LockNotAvailable,
    ];

    private readonly string _schema = $"{server.SearchPath ?? PostgresConnection.DefaultSchema}{(database == "control" ? "" : "_" + database)}";

    /// <inheritdoc/>
    public override string MigrationFolder => "Postgres";

    /// <inheritdoc/>
    public override bool WritesSets => true;

    /// <inheritdoc/>
    public override Statement Clock { get; } = new("SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)");

    /// <summary>Where it is, in words.</summary>
    private string Place => $"the database {server.Database} of PostgreSQL at {server.Host}";

    /// <inheritdoc/>
    public override Session OpenWriter()
    {
        var connection = new NpgsqlConnection(PostgresConnection.Of(server, _schema, isWriter: true));
        try
        {
            connection.Open();
            var session = new Session(connection, Words, WriteSeconds);
            session.Script(Guarantees);
            return session;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public override async Task<Session> OpenReaderAsync(CancellationToken ct)
    {
        var connection = new NpgsqlConnection(PostgresConnection.Of(server, _schema, isWriter: false));
        try
        {
            await connection.OpenAsync(ct).ConfigureAwait(false);
            var session = new Session(connection, Words, ReadSeconds);
            session.Script(Freshness);
            return session;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Begin(Session session) => session.Begin();

    /// <inheritdoc/>
    public override void BeginAlone(Session session)
    {
        session.Begin();
        // Whoever migrates is waited for, however long that takes. The name of the schema was checked.
        session.Script(
            $"""
            SET LOCAL lock_timeout = 0;
            SELECT pg_advisory_xact_lock(hashtext('control'), hashtext('{_schema}'));
            DO $$ BEGIN
                IF to_regnamespace('{_schema}') IS NULL THEN CREATE SCHEMA {_schema}; END IF;
            END $$
            """,
            isLong: true);
    }

    /// <inheritdoc/>
    public override void Commit(Session session) => session.Commit();

    /// <inheritdoc/>
    public override bool IsTransient(DbException error) => error.SqlState is { } state
        ? Passing.Contains(state) || state.StartsWith("08", StringComparison.Ordinal)
        : error is NpgsqlException;

    /// <inheritdoc/>
    public override bool IsLock(DbException error) => error.SqlState is "40P01" or LockNotAvailable;

    /// <inheritdoc/>
    public override ControlException Fault(DbException error) => error.SqlState switch
    {
        DiskFull => new("storage-full", $"The disk of {Place} is full. Free space on it; nothing that was confirmed is lost."),
        ReadOnly => new("storage-read-only", $"What answers for {Place} is a standby or read-only. Name the primary, or all hosts, in the connection string."),
        DataCorrupt or IndexCorrupt => new("storage-corrupt", $"Something in {Place} is damaged ({error.SqlState}). Stop the servers and restore the latest backup."),
        "40001" or "40P01" or LockNotAvailable or "25P03" => new("storage-busy", $"Another process keeps rows of {Place} locked. End it, or let it finish; then repeat."),
        WrongPassword or WrongUser => new("storage-denied", $"PostgreSQL at {server.Host} does not let the user {server.Username} in. Correct user and password in the connection string, or pg_hba.conf."),
        NoDatabase => new("storage-missing", $"There is no database {server.Database} at {server.Host}. Make it: CREATE DATABASE {server.Database} OWNER {server.Username}"),
        NoPrivilege => new("storage-denied", $"The user {server.Username} may not do what Control needs in {Place}. As its owner: GRANT CREATE ON DATABASE {server.Database} TO {server.Username}"),
        NotDurable => new("storage-not-durable", $"PostgreSQL at {server.Host} runs with fsync off and would lose what was confirmed. Set fsync = on."),
        null => new("storage-unavailable", $"PostgreSQL at {server.Host} cannot be reached ({error.GetBaseException().Message}). Check that it runs and that this machine may connect; nothing that was confirmed is lost."),
        { } state when IsTransient(error) => new("storage-unavailable", $"PostgreSQL at {server.Host} does not serve just now ({state}). Repeat in a moment; nothing that was confirmed is lost."),
        { } state => new("storage-fault", $"PostgreSQL failed with {state}: {error.Message}"),
    };

    // Once per connection: that it may write, and that what it commits is on a disk.
    private static string Guarantees => $"""
        DO $$ BEGIN
            IF current_setting('transaction_read_only')::boolean THEN
                RAISE EXCEPTION 'read-only' USING ERRCODE = '{ReadOnly}';
            END IF;
            IF NOT current_setting('fsync')::boolean THEN
                RAISE EXCEPTION 'fsync is off' USING ERRCODE = '{NotDurable}';
            END IF;
            IF current_setting('synchronous_commit') = 'off' THEN
                SET SESSION synchronous_commit = on;
            END IF;
        END $$
        """;

    // Once per connection: that it is the primary's. A standby behind the same name answers with what was, which readers take for
    // what is.
    private static string Freshness => $"""
        DO $$ BEGIN
            IF pg_is_in_recovery() THEN
                RAISE EXCEPTION 'standby' USING ERRCODE = '{ReadOnly}';
            END IF;
        END $$
        """;

    /// <summary>
    /// The text of a statement. They say in SQLite's words what has no standard: a list of texts, and a column that is not to be
    /// looked up by index.
    /// </summary>
    internal static string Words(Statement statement) => UnaryPlus().Replace(
        TextList().Replace(statement.Text, "= ANY (ARRAY(SELECT json_array_elements_text(CAST($1 AS json))))"), " $1 IS NOT DISTINCT FROM");

    [GeneratedRegex(@"IN \(SELECT value FROM json_each\((@[a-z_]+)\)\)")]
    private static partial Regex TextList();

    [GeneratedRegex(@" \+([a-z_.]+) =")]
    private static partial Regex UnaryPlus();
}
