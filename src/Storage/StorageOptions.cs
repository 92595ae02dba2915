using Control.Contracts.Errors;
using Control.Storage.Databases;

namespace Control.Storage;

/// <summary>Where the store is and how much it takes on at a time.</summary>
public sealed class StorageOptions
{
    /// <summary>Directory of the databases and the key file; made with mode 0700 when missing. Required.</summary>
    public string DataDirectory { get; set; } = "";

    /// <summary>
    /// Where PostgreSQL is, as <c>Host=db.internal;Database=control;Username=control;Password=…</c>, with the settings of
    /// Npgsql; null (default) for SQLite in the data directory. Every process that names the same one shares its state, and the
    /// key file with it. May carry a password: it is never shown nor logged.
    /// </summary>
    public string? Database { get; set; }

    /// <summary>
    /// How long a write is repeated while PostgreSQL cannot be reached, before its caller is told; zero to 5 minutes.
    /// Default: 20 s, which a restart and most failovers are over in. Without <see cref="Database"/> it is a second.
    /// </summary>
    public TimeSpan RetryFor { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How long a transaction waits for more commits once it has one. Zero (default) gathers only what queued up while the
    /// previous transaction was written, which costs no latency. At most 100 ms; useful where a sync is very slow.
    /// </summary>
    public TimeSpan GatherWindow { get; set; } = TimeSpan.Zero;

    /// <summary>Most commits in one transaction, 1 to 4,096. Default: 256.</summary>
    public int MaxBatchCount { get; set; } = 256;

    /// <summary>A transaction takes no more commits once it holds this many bytes, 64 KiB to 64 MiB. Default: 4 MiB.</summary>
    public long MaxBatchBytes { get; set; } = 4 * 1024 * 1024;

    /// <summary>Commits that may wait; further callers wait for room. 1 to 65,536. Default: 4,096.</summary>
    public int QueueLimit { get; set; } = 4096;

    /// <summary>Log chunks that may wait, each up to 1 MiB. 1 to 1,024. Default: 64.</summary>
    public int LogQueueLimit { get; set; } = 64;

    /// <summary>Reading connections per database, 1 to 64. Default: 8.</summary>
    public int MaxReaders { get; set; } = 8;

    /// <summary>
    /// Names this process's place: the same after a restart, another one's for every process that shares the store. What the
    /// process before it in this place was asked and did not answer can then be told from what others are at work on.
    /// Up to 64 characters. Default: empty.
    /// </summary>
    public string Place { get; set; } = "";

    /// <summary>File with the keys that seal secrets. Default: <c>secret-keys.json</c> in the data directory.</summary>
    public string? SecretKeyFile { get; set; }

    /// <summary>The key file in use.</summary>
    internal string SecretKeyPath => SecretKeyFile ?? Path.Combine(DataDirectory, "secret-keys.json");

    /// <summary>Every setting that is out of range, with the cure; empty when all is well.</summary>
    public IReadOnlyList<FieldError> Validate()
    {
        var errors = new List<FieldError>();
        if (string.IsNullOrWhiteSpace(DataDirectory))
            errors.Add(new(nameof(DataDirectory), "Set DataDirectory to the directory that is to hold the databases, such as /var/lib/control."));
        if (Database is not null && PostgresConnection.Error(Database) is { } error)
            errors.Add(new(nameof(Database), error));
        Check(errors, nameof(Place), Place.Length, 0, 64, "characters");
        Check(errors, nameof(RetryFor), (long)RetryFor.TotalMilliseconds, 0, 300_000, "milliseconds");
        Check(errors, nameof(GatherWindow), (long)GatherWindow.TotalMilliseconds, 0, 100, "milliseconds");
        Check(errors, nameof(MaxBatchCount), MaxBatchCount, 1, 4096, "commits");
        Check(errors, nameof(MaxBatchBytes), MaxBatchBytes, 64 * 1024, 64 * 1024 * 1024, "bytes");
        Check(errors, nameof(QueueLimit), QueueLimit, 1, 65536, "commits");
        Check(errors, nameof(LogQueueLimit), LogQueueLimit, 1, 1024, "chunks");
        Check(errors, nameof(MaxReaders), MaxReaders, 1, 64, "connections");
        return errors;
    }

    private static void Check(List<FieldError> errors, string field, long value, long min, long max, string unit)
    {
        if (value < min || value > max)
            errors.Add(new(field, $"{field} is {value}; set it between {min} and {max} {unit}."));
    }
}
