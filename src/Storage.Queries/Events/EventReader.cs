using System.Collections.Immutable;
using System.Data.Common;
using Control.Contracts.Access;
using Control.Contracts.Errors;
using Control.Contracts.Events;
using Control.Storage.Databases;

namespace Control.Storage.Queries.Events;

/// <summary>Reads what happened to a subject, in the order in which it happened.</summary>
public sealed class EventReader
{
    /// <summary>Most events of a page.</summary>
    public const int MaxLimit = 1000;

    private static readonly Statement EventsStatement = new("""
        SELECT e.seq, e.type, e.at, e.actor, e.data FROM events e
        WHERE e.subject_id = (SELECT id FROM subjects WHERE kind = @kind AND key = @key) AND e.seq > @after ORDER BY e.seq LIMIT @limit
        """);

    private static readonly Statement BoundsStatement = new("""
        SELECT coalesce((SELECT min(e.seq) FROM events e WHERE e.subject_id = s.id), s.last_sequence + 1), s.last_sequence
        FROM subjects s WHERE s.kind = @kind AND s.key = @key
        """);

    private readonly ReadPool _readers;

    /// <summary>Reads from an open store.</summary>
    public EventReader(ControlStore store) => _readers = store.StateReaders;

    /// <summary>The events after a sequence; deleted subjects still have theirs.</summary>
    /// <param name="subject">Whose.</param>
    /// <param name="after">The last sequence the reader has; 0 for none.</param>
    /// <param name="limit">Most events, 1 to <see cref="MaxLimit"/>.</param>
    /// <param name="ct">Ends the read.</param>
    /// <exception cref="ControlException"><c>bad-limit</c>, or the database failed.</exception>
    public async Task<EventPage> ReadAsync(SubjectKey subject, long after, int limit, CancellationToken ct = default)
    {
        if (limit is < 1 or > MaxLimit)
            throw new ControlException("bad-limit", $"limit is {limit}; it must be 1 to {MaxLimit}.", new FieldError("limit", $"Set it between 1 and {MaxLimit}."));
        var events = await _readers.ListAsync(EventsStatement, [subject.Kind, subject.Key, after, limit], Event, ct).ConfigureAwait(false);
        // Read last: were events dropped between the two reads, the floor tells.
        var bounds = await _readers.ListAsync(BoundsStatement, [subject.Kind, subject.Key], row => (Floor: row.GetInt64(0), Newest: row.GetInt64(1)), ct).ConfigureAwait(false);
        return bounds.IsEmpty ? new EventPage(events, 1, 0) : new EventPage(events, bounds[0].Floor, bounds[0].Newest);
    }

    private static EventView Event(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.Time(2), StoredJson.Read<Actor>(row.GetString(3), "actor of an event"), row.GetString(4));
}

/// <summary>Events of a subject.</summary>
/// <param name="Events">In order, without gaps.</param>
/// <param name="Floor">
/// The oldest sequence still kept. A reader whose last sequence is below <c>Floor - 1</c> missed some: it starts anew from a
/// snapshot.
/// </param>
/// <param name="Newest">
/// The last sequence given, 0 for none. A reader whose last sequence is above it has read a store that this one was before a
/// backup was restored.
/// </param>
public sealed record EventPage(ImmutableArray<EventView> Events, long Floor, long Newest);
