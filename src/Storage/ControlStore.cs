using Control.Contracts.Errors;
using Control.Storage.Backups;
using Control.Storage.Commits;
using Control.Storage.Databases;
using Control.Storage.Idempotency;
using Control.Storage.Logs;
using Control.Storage.Secrets;
using Control.Storage.Signals;
using Control.Storage.Work;
using Microsoft.Extensions.Logging;

namespace Control.Storage;

/// <summary>The open store: its databases, migrated, with their writers and readers. One per process.</summary>
public sealed class ControlStore : IDisposable
{
    private const int LogBatchCount = 256;
    private const long LogBatchBytes = 8 * 1024 * 1024;

    private readonly StorageMetrics _metrics;
    private readonly Database _state;
    private readonly Database _logs;
    private readonly Lock _probing = new();
    private Task _probe = Task.CompletedTask;

    private ControlStore(StorageMetrics metrics, Database state, Database logs, SecretBox secrets, string place, TimeProvider time, ILoggerFactory loggers)
    {
        _metrics = metrics;
        _state = state;
        _logs = logs;
        Signals = new ChangeSignal(loggers.CreateLogger<ChangeSignal>());
        Commits = new CommitStore(state, Signals, time);
        Work = new WorkIndex(state);
        Logs = new LogStore(logs, Signals);
        Idempotency = new IdempotencyStore(state, place);
        Secrets = secrets;
        Rotation = new SecretRotation(state, secrets, time);
    }

    /// <summary>Random id given when the store was made; part of every cursor.</summary>
    public string Incarnation => _state.Incarnation;

    /// <summary>The grains' commits.</summary>
    public CommitStore Commits { get; }

    /// <summary>Questions about other grains' work.</summary>
    public WorkIndex Work { get; }

    /// <summary>Logs of attempts.</summary>
    public LogStore Logs { get; }

    /// <summary>Answers kept for repeated requests.</summary>
    public IdempotencyStore Idempotency { get; }

    /// <summary>Seals and opens secrets.</summary>
    public SecretBox Secrets { get; }

    /// <summary>Changes the key that seals them.</summary>
    public SecretRotation Rotation { get; }

    /// <summary>Wakes readers in this process.</summary>
    public ChangeSignal Signals { get; }

    /// <summary>Readers of the state.</summary>
    internal ReadPool StateReaders => _state.Readers;

    /// <summary>Readers of the logs.</summary>
    internal ReadPool LogReaders => _logs.Readers;

    /// <summary>Opens the store, makes it when it is new, migrates it when it is old.</summary>
    /// <exception cref="ControlException">An option is out of range, or the store cannot be opened; the message names the cure.</exception>
    public static ControlStore Open(StorageOptions options, TimeProvider time, ILoggerFactory loggers) =>
        Open(options, time, loggers, name => Dialect(options, name));

    /// <summary>The dialect of one of the databases, <c>control</c> or <c>logs</c>.</summary>
    internal static Dialect Dialect(StorageOptions options, string name) => options.Database is null
        ? new SqliteDialect(Path.Combine(options.DataDirectory, name + ".db"))
        : new PostgresDialect(PostgresConnection.Parse(options.Database), name);

    /// <summary>Opens the store with other dialects, by the names of the databases.</summary>
    internal static ControlStore Open(StorageOptions options, TimeProvider time, ILoggerFactory loggers, Func<string, Dialect> dialects)
    {
        if (options.Validate() is { Count: > 0 } errors)
            throw new ControlException("bad-options", string.Join(" ", errors.Select(error => error.Message)), [.. errors]);
        CreateDirectory(options.DataDirectory);
        StoreBackup.RefuseUnfinished(options.DataDirectory);
        var metrics = new StorageMetrics();
        var state = default(Database);
        try
        {
            var secrets = default(SecretBox);
            var patience = options.Database is null ? TimeSpan.Zero : options.RetryFor;
            var limits = new WriteLimits(options.QueueLimit, options.MaxBatchCount, options.MaxBatchBytes, options.GatherWindow, patience);
            state = Database.Open(Settings("control", limits), session => secrets = SecretBox.Open(options.SecretKeyPath, session));
            var logs = Database.Open(Settings("logs", new(options.LogQueueLimit, LogBatchCount, LogBatchBytes, TimeSpan.Zero, patience)));
            return new ControlStore(metrics, state, logs, secrets!, options.Place, time, loggers);
        }
        catch
        {
            state?.Dispose();
            metrics.Dispose();
            throw;
        }

        DatabaseSettings Settings(string name, WriteLimits limits)
        {
            var dialect = dialects(name);
            var migrations = Migration.Embedded(dialect.MigrationFolder, name);
            return new(name, dialect, migrations, limits, options.MaxReaders, metrics, time, loggers.CreateLogger<WriteQueue>());
        }
    }

    /// <summary>
    /// A number that is higher than all this store has given before, to any process: whoever has a lower one is of an earlier
    /// generation.
    /// </summary>
    /// <exception cref="ControlException">The database failed.</exception>
    public Task<long> NextGenerationAsync(CancellationToken ct = default) => _state.Writer.RunAsync(new GenerationOperation(), ct);

    /// <summary>
    /// Returns when both databases have done a transaction that writes nothing, behind whatever waits to be written. However
    /// often it is called, one such is under way.
    /// </summary>
    /// <exception cref="ControlException">A database failed.</exception>
    public Task ProbeAsync()
    {
        lock (_probing)
            return _probe.IsCompleted ? _probe = Task.WhenAll(Probe(_state), Probe(_logs)) : _probe;

        static Task Probe(Database database) => database.Writer.RunAsync(new ProbeOperation(), CancellationToken.None);
    }

    /// <summary>
    /// How far a clock is ahead of the database's, to the millisecond, or behind it when negative; zero when they may agree, or where
    /// the database is a file of this machine.
    /// </summary>
    /// <exception cref="ControlException">The database failed.</exception>
    public Task<TimeSpan> ClockOffsetAsync(TimeProvider time, CancellationToken ct = default) => _state.ClockOffsetAsync(time, ct);

    /// <summary>Writes what is queued and closes the databases.</summary>
    public void Dispose()
    {
        _state.Dispose();
        _logs.Dispose();
        _metrics.Dispose();
    }

    private static void CreateDirectory(string path)
    {
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(path);
            else
                Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("storage-unavailable", $"The data directory {path} cannot be made ({error.Message}). Make it and give it to the user of this process.");
        }
    }
}
