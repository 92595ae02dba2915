using System.Security.Cryptography;
using Control.Storage.Databases;

namespace Control.Storage.Idempotency;

/// <summary>Begins a request, or finds what became of it.</summary>
/// <param name="place">The asked process's, see <see cref="StorageOptions.Place"/>.</param>
/// <param name="principal">Who asks.</param>
/// <param name="key">The client's key.</param>
/// <param name="requestHash">Of the request.</param>
/// <param name="now">The present.</param>
internal sealed class BeginOperation(string place, string principal, string key, string requestHash, DateTimeOffset now)
    : WriteOperation<IdempotencyAnswer>(512)
{
    // Made once: a repeat after an unknown outcome finds its own claim.
    private readonly IdempotencyClaim _claim = new(principal, key, $"{place}/{RandomNumberGenerator.GetHexString(32, lowercase: true)}");
    private IdempotencyAnswer? _answer;

    /// <inheritdoc/>
    public override WriteSet Set => BeginSet.Instance;

    /// <summary>The right to answer it, if it is new.</summary>
    public IdempotencyClaim Claim => _claim;

    /// <summary>Hash of the request.</summary>
    public string RequestHash => requestHash;

    /// <summary>The present.</summary>
    public DateTimeOffset Now => now;

    /// <inheritdoc/>
    protected override IdempotencyAnswer Result => _answer!;

    /// <inheritdoc/>
    public override void Apply(Session session)
    {
        session.Execute(IdempotencyStatements.Expire, (now - IdempotencyStore.KeptFor).UtcTicks);
        if (session.Execute(IdempotencyStatements.Add, principal, key, requestHash, _claim.Id, now.UtcTicks) > 0)
            Begun();
        else
            Find(session);
    }

    /// <summary>Nobody had begun it.</summary>
    public void Begun() => _answer = new(IdempotencyOutcome.New, _claim);

    /// <summary>Finds what became of it, and takes it over where nothing did.</summary>
    public void Find(Session session)
    {
        var (answer, found) = Look(session);
        var taken = answer.Outcome != IdempotencyOutcome.New || found == _claim.Id
            || session.Execute(IdempotencyStatements.TakeOver, requestHash, _claim.Id, now.UtcTicks, principal, key, found) > 0;
        _answer = taken ? answer : new(IdempotencyOutcome.InProgress);
    }

    private (IdempotencyAnswer Answer, string? Claim) Look(Session session)
    {
        using var row = session.Query(IdempotencyStatements.Find, principal, key);
        // Gone between two statements: whoever had it is done with it, and a repeat of this begins anew.
        if (!row.Read())
            return (new(IdempotencyOutcome.InProgress), null);
        var claim = row.GetString(1);
        var age = now - row.Time(2);
        if (age >= IdempotencyStore.KeptFor || claim == _claim.Id)
            return (new(IdempotencyOutcome.New, _claim), claim);
        if (row.GetString(0) != requestHash)
            return (new(IdempotencyOutcome.Mismatch), claim);
        if (!row.IsDBNull(3))
            return (new(IdempotencyOutcome.Replay, Answer: new((int)row.GetInt64(3), row.GetString(4), row.GetFieldValue<byte[]>(5))), claim);
        return (age >= IdempotencyStore.AbandonedAfter ? new(IdempotencyOutcome.New, _claim) : new(IdempotencyOutcome.InProgress), claim);
    }
}

/// <summary>Begins many requests at once.</summary>
internal sealed class BeginSet : WriteSet<BeginOperation>
{
    /// <summary>The one there is.</summary>
    public static readonly BeginSet Instance = new();

    private static readonly Statement Add = new("""
        INSERT INTO idempotency (principal, key, request_hash, claim, started_at)
        SELECT * FROM unnest(@principals, @keys, @request_hashes, @claims, @started_ats)
        ON CONFLICT (principal, key) DO NOTHING RETURNING claim
        """);

    // Eight for each new one, as one by one; what another gateway is removing is not waited for.
    private static readonly Statement Expire = new("""
        DELETE FROM idempotency WHERE (principal, key) IN (
            SELECT principal, key FROM idempotency WHERE started_at < @cutoff ORDER BY started_at LIMIT @most FOR UPDATE SKIP LOCKED)
        """);

    /// <inheritdoc/>
    protected override string Target(BeginOperation operation) => $"{operation.Claim.Principal} {operation.Claim.Key}";

    /// <inheritdoc/>
    protected override void Apply(Session session, BeginOperation[] operations)
    {
        session.Execute(Expire, (operations[0].Now - IdempotencyStore.KeptFor).UtcTicks, 8L * operations.Length);
        var begun = Begin(session, operations);
        foreach (var operation in operations)
        {
            if (begun.Contains(operation.Claim.Id))
                operation.Begun();
            else
                operation.Find(session);
        }
    }

    private static HashSet<string> Begin(Session session, BeginOperation[] operations)
    {
        using var row = session.Query(
            Add,
            operations.Select(operation => operation.Claim.Principal).ToArray(),
            operations.Select(operation => operation.Claim.Key).ToArray(),
            operations.Select(operation => operation.RequestHash).ToArray(),
            operations.Select(operation => operation.Claim.Id).ToArray(),
            operations.Select(operation => operation.Now.UtcTicks).ToArray());
        var begun = new HashSet<string>();
        while (row.Read())
            begun.Add(row.GetString(0));
        return begun;
    }
}
