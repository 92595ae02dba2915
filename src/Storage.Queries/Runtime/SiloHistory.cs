using System.Data.Common;
using System.Globalization;
using Control.Contracts.Errors;
using Control.Contracts.Runtime;
using Control.Storage.Databases;

namespace Control.Storage.Queries.Runtime;

/// <summary>What happened to silos, newest first. Of silos whose rows were deleted, the last event stays.</summary>
public sealed class SiloHistory
{
    private const string Scope = "silo history";

    // The types repeat those of the partial index word for word.
    private static readonly Statement HistoryStatement = new("""
        SELECT e.at, e.id, s.key, e.type, e.data FROM events e JOIN subjects s ON s.id = e.subject_id
        WHERE e.type IN ('silo.joined', 'silo.left', 'silo.lost', 'silo.back') AND (e.at, e.id) < (@at, @id)
        ORDER BY e.at DESC, e.id DESC LIMIT @limit
        """);

    private readonly ReadPool _readers;
    private readonly string _incarnation;

    /// <summary>Reads from an open store.</summary>
    public SiloHistory(ControlStore store)
    {
        _readers = store.StateReaders;
        _incarnation = store.Incarnation;
    }

    /// <summary>A page of the events.</summary>
    /// <param name="cursor">Of the previous page; null for the first.</param>
    /// <param name="limit">Most items, 1 to <see cref="PageLimits.Max"/>.</param>
    /// <param name="ct">Ends the read.</param>
    /// <exception cref="ControlException"><c>bad-cursor</c>, <c>bad-limit</c>, or the database failed.</exception>
    public async Task<Page<SiloEventView>> ReadAsync(string? cursor, int limit, CancellationToken ct = default)
    {
        PageLimits.Check(limit);
        var (at, id) = cursor is null ? (long.MaxValue, long.MaxValue) : PlaceOf(Cursor.Read(cursor, _incarnation, Scope));
        var rows = await _readers.ListAsync(HistoryStatement, [at, id, limit + 1], Read, ct).ConfigureAwait(false);
        var next = rows.Length > limit ? rows[limit - 1].Place.Write(_incarnation, Scope) : null;
        return new Page<SiloEventView>([.. rows.Take(limit).Select(row => row.Event)], next);
    }

    private static (long At, long Id) PlaceOf(Cursor cursor) => (cursor.Ordinal, long.Parse(cursor.Key, CultureInfo.InvariantCulture));

    private static (Cursor Place, SiloEventView Event) Read(DbDataReader row)
    {
        var change = StoredJson.Read<SiloChange>(row.GetString(4), "data of an event");
        var place = new Cursor(row.GetInt64(0), row.GetInt64(1).ToString(CultureInfo.InvariantCulture));
        return (place, new SiloEventView(row.GetString(2), change.Name, change.Address, row.GetString(3), row.Time(0), change.StartedAt, change.NoticedBy));
    }
}
