using System.Text.RegularExpressions;
using Npgsql;

namespace Control.Storage.Databases;

/// <summary>Connection strings for PostgreSQL, from the operator's to those of the store's connections.</summary>
internal static partial class PostgresConnection
{
    /// <summary>Schema of the store where the operator names none; that of the logs is named after it.</summary>
    public const string DefaultSchema = "control";

    private const string Example = "Host=db.internal;Database=control;Username=control;Password=…";

    /// <summary>Reads what <see cref="Error"/> found nothing wrong with.</summary>
    public static NpgsqlConnectionStringBuilder Parse(string text) => new(text);

    /// <summary>What is wrong with it, with the cure and without any of its text, which may be a password's; null when all is well.</summary>
    public static string? Error(string text)
    {
        try
        {
            var parsed = Parse(text);
            if (string.IsNullOrWhiteSpace(parsed.Host) || string.IsNullOrWhiteSpace(parsed.Database))
                return $"Name host and database: {Example}.";
            return parsed.SearchPath is { } schema && !SchemaName().IsMatch(schema)
                ? "Search Path names the schema of Control's tables: up to 40 lower-case letters, digits and underscores, beginning with a letter."
                : null;
        }
        catch (Exception error) when (error is ArgumentException or FormatException or OverflowException or KeyNotFoundException)
        {
            return $"It is no connection string. Write it as {Example} and put values with a semicolon in them in double quotes.";
        }
    }

    /// <summary>The connection string of a writer, or of a reader.</summary>
    public static string Of(NpgsqlConnectionStringBuilder operators, string schema, bool isWriter) => Watched(new NpgsqlConnectionStringBuilder(operators.ConnectionString)
    {
        SearchPath = schema,
        ApplicationName = operators.ApplicationName ?? "control",
        // Pooled by ReadPool and WriteQueue themselves, with their prepared statements.
        Pooling = false,
        Enlist = false,
        MaxAutoPrepare = 100,
        AutoPrepareMinUsages = 2,
        IncludeErrorDetail = false,
        Timeout = 5,
        // A commit is waited for as long as the server lives: only it knows the outcome. Statements have limits of their own.
        CommandTimeout = 0,
        CancellationTimeout = -1,
        // Of several hosts the one that may be written to, for readers too: they must see what was acknowledged.
        TargetSessionAttributes = operators.Host!.Contains(',', StringComparison.Ordinal) ? "primary" : null,
        Options = $"{operators.Options} {(isWriter ? WriterSettings : ReaderSettings)}".Trim(),
    }).ConnectionString;

    // A server whose machine is gone is noticed within half a minute; one behind a local socket cannot go like that.
    private static NpgsqlConnectionStringBuilder Watched(NpgsqlConnectionStringBuilder settings)
    {
        if (settings.Host!.Contains('/', StringComparison.Ordinal))
            return settings;
        (settings.TcpKeepAlive, settings.TcpKeepAliveTime, settings.TcpKeepAliveInterval) = (true, 5, 2);
        return settings;
    }

    // Statements are short: what the compiler of expressions takes is never made up for. Every row is found by an index, as all
    // tables have one for whatever is asked: a plan may be older than the rows, of which there were few when it was made.
    private const string CommonSettings = "-c jit=off -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off";

    // A writer that is held up leaves its locks to others, and waits for theirs a bounded time. Plans are made once, not
    // for every batch.
    private const string WriterSettings = CommonSettings + " -c lock_timeout=10s -c idle_in_transaction_session_timeout=10s -c plan_cache_mode=force_generic_plan";

    private const string ReaderSettings = CommonSettings + " -c default_transaction_read_only=on";

    [GeneratedRegex("^[a-z][a-z0-9_]{0,39}$")]
    private static partial Regex SchemaName();
}
