using System.Collections.Immutable;
using System.Data.Common;
using Microsoft.Extensions.Logging;

namespace Control.Storage.Databases;

/// <summary>One database: migrated, with its writer and its readers.</summary>
internal sealed class Database : IDisposable
{
    private readonly Statement? _clock;

    private Database(string incarnation, Statement? clock, WriteQueue writer, ReadPool readers)
    {
        _clock = clock;
        Incarnation = incarnation;
        Writer = writer;
        Readers = readers;
    }

    /// <summary>Random id given when the database was made.</summary>
    public string Incarnation { get; }

    /// <summary>The one writer.</summary>
    public WriteQueue Writer { get; }

    /// <summary>The readers.</summary>
    public ReadPool Readers { get; }

    /// <summary>Opens and migrates. <paramref name="prepare"/> runs on the writing connection before the writer starts, while no other process opens it.</summary>
    /// <exception cref="Contracts.Errors.ControlException">It cannot be opened or is of a newer program.</exception>
    public static Database Open(DatabaseSettings settings, Action<Session>? prepare = null)
    {
        var session = default(Session);
        try
        {
            session = settings.Dialect.OpenWriter();
            var incarnation = "";
            new Migrator(settings.Dialect, settings.Migrations, settings.Time).Run(session, open =>
            {
                incarnation = Meta.Incarnation(open);
                prepare?.Invoke(open);
            });
            var writer = new WriteQueue(settings.Name, settings.Dialect, session, settings.Limits, settings.Metrics, settings.Logger);
            return new Database(incarnation, settings.Dialect.Clock, writer, new ReadPool(settings.Dialect, settings.MaxReaders, settings.Limits.Patience));
        }
        catch (Exception error)
        {
            session?.Dispose();
            throw error is DbException database ? settings.Dialect.Fault(database) : error;
        }
    }

    /// <summary>
    /// How far a clock is ahead of the database's, or behind it when negative; zero when they may agree, or where the database has none
    /// of its own.
    /// </summary>
    public async Task<TimeSpan> ClockOffsetAsync(TimeProvider time, CancellationToken ct)
    {
        if (_clock is null)
            return TimeSpan.Zero;
        var before = time.GetUtcNow();
        var row = await Readers.ListAsync(_clock, [], row => DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0)), ct).ConfigureAwait(false);
        var after = time.GetUtcNow();
        // It looked at its clock somewhere between the two.
        return row[0] < before ? before - row[0] : row[0] > after ? after - row[0] : TimeSpan.Zero;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Writer.Dispose();
        Readers.Dispose();
    }
}

/// <summary>What a <see cref="Database"/> is opened with.</summary>
internal sealed record DatabaseSettings(
    string Name,
    Dialect Dialect,
    ImmutableArray<Migration> Migrations,
    WriteLimits Limits,
    int MaxReaders,
    StorageMetrics Metrics,
    TimeProvider Time,
    ILogger Logger);
