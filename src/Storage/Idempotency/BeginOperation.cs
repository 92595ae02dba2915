using System.Security.Cryptography;
using Control.Storage.Databases;

namespace Control.Storage.Idempotency;

/// <summary>Begins a request, or finds what became of it.</summary>
internal sealed class BeginOperation(string principal, string key, string requestHash, DateTimeOffset now)
    : WriteOperation<IdempotencyAnswer>(512)
{
    // Made once: a repeat after an unknown outcome finds its own claim.
    private readonly IdempotencyClaim _claim = new(principal, key, RandomNumberGenerator.GetHexString(32, lowercase: true));
    private IdempotencyAnswer? _answer;

    /// <inheritdoc/>
    protected override IdempotencyAnswer Result => _answer!;

    /// <inheritdoc/>
    public override void Apply(Session session)
    {
        _answer = Find(session);
        if (_answer.Outcome != IdempotencyOutcome.New)
            return;
        session.Execute(IdempotencyStatements.Expire, (now - IdempotencyStore.KeptFor).UtcTicks);
        session.Execute(IdempotencyStatements.Put, principal, key, requestHash, _claim.Id, now.UtcTicks);
    }

    private IdempotencyAnswer Find(Session session)
    {
        using var row = session.Query(IdempotencyStatements.Find, principal, key);
        if (!row.Read())
            return new(IdempotencyOutcome.New, _claim);
        var age = now - row.Time(2);
        if (age >= IdempotencyStore.KeptFor || row.GetString(1) == _claim.Id)
            return new(IdempotencyOutcome.New, _claim);
        if (row.GetString(0) != requestHash)
            return new(IdempotencyOutcome.Mismatch);
        if (!row.IsDBNull(3))
            return new(IdempotencyOutcome.Replay, Answer: new((int)row.GetInt64(3), row.GetString(4), row.GetFieldValue<byte[]>(5)));
        return age >= IdempotencyStore.AbandonedAfter ? new(IdempotencyOutcome.New, _claim) : new(IdempotencyOutcome.InProgress);
    }
}

/// <summary>Completes or abandons a request, if the claim still holds.</summary>
internal sealed class ClaimOperation(long size, Statement statement, params object?[] values) : WriteOperation<bool>(size + 256)
{
    private bool _held;

    /// <inheritdoc/>
    protected override bool Result => _held;

    // Once held, a repeat after an unknown outcome may find the row as it left it, or gone: still held.
    /// <inheritdoc/>
    public override void Apply(Session session) => _held |= session.Execute(statement, values) > 0;
}
