using Control.Contracts.Errors;
using Control.Storage.Databases;

namespace Control.Storage.Idempotency;

/// <summary>
/// Remembers answers by (principal, idempotency key), so that a client that repeats a request whose answer it lost gets
/// that answer and not a second effect.
/// </summary>
public sealed class IdempotencyStore
{
    /// <summary>How long an answer is kept, from the request's start.</summary>
    public static readonly TimeSpan KeptFor = TimeSpan.FromHours(24);

    /// <summary>After this a request without an answer counts as abandoned, and a repeat of it begins anew.</summary>
    public static readonly TimeSpan AbandonedAfter = TimeSpan.FromSeconds(60);

    /// <summary>Longest key, in characters.</summary>
    public const int MaxKey = 255;

    /// <summary>Largest kept answer, in bytes: 1 MiB.</summary>
    public const int MaxBody = 1024 * 1024;

    private readonly Database _database;
    private readonly string _place;

    internal IdempotencyStore(Database database, string place) => (_database, _place) = (database, place);

    /// <summary>
    /// Begins a request, durably. With <see cref="IdempotencyOutcome.New"/> the caller does the work and then calls
    /// <see cref="CompleteAsync"/> or <see cref="AbandonAsync"/> with the claim.
    /// </summary>
    /// <param name="principal">Id of the token that asks; keys of different principals never meet.</param>
    /// <param name="key">The client's key, 1 to <see cref="MaxKey"/> characters.</param>
    /// <param name="requestHash">Hash of method, path and body.</param>
    /// <param name="now">The present time.</param>
    /// <param name="ct">Heard only while waiting for room in a full queue.</param>
    /// <exception cref="ControlException"><c>bad-idempotency-key</c>, or the database failed.</exception>
    public async Task<IdempotencyAnswer> BeginAsync(
        string principal, string key, string requestHash, DateTimeOffset now, CancellationToken ct = default)
    {
        if (key.Length is 0 or > MaxKey)
            throw new ControlException("bad-idempotency-key", $"An idempotency key has 1 to {MaxKey} characters.");
        return await _database.Writer.RunAsync(new BeginOperation(_place, principal, key, requestHash, now), ct).ConfigureAwait(false);
    }

    /// <summary>
    /// Keeps the answer. False when the claim no longer holds: the request took longer than <see cref="AbandonedAfter"/>
    /// and a repeat began meanwhile.
    /// </summary>
    /// <exception cref="ControlException"><c>answer-too-large</c>, or the database failed.</exception>
    public async Task<bool> CompleteAsync(IdempotencyClaim claim, int status, string contentType, ReadOnlyMemory<byte> body, CancellationToken ct = default)
    {
        if (body.Length > MaxBody)
            throw new ControlException("answer-too-large", $"An answer of {body.Length} bytes cannot be kept; the limit is {MaxBody}.");
        var operation = new CompleteOperation(claim, new KeptAnswer(status, contentType, body.ToArray()));
        return await _database.Writer.RunAsync(operation, ct).ConfigureAwait(false);
    }

    /// <summary>Forgets a request that had no effect, so that a repeat begins anew. False when the claim no longer holds.</summary>
    /// <exception cref="ControlException">The database failed.</exception>
    public Task<bool> AbandonAsync(IdempotencyClaim claim, CancellationToken ct = default) => _database.Writer.RunAsync(
        new ClaimOperation(IdempotencyStatements.Abandon, claim.Principal, claim.Key, claim.Id), ct);

    /// <summary>
    /// Forgets the requests that were begun before in this process's place (<see cref="StorageOptions.Place"/>) and never
    /// answered. For a gateway that starts: whoever was at work on them there is gone, and their repeats need not wait until
    /// they count as abandoned.
    /// </summary>
    public Task AbandonAllAsync(DateTimeOffset begunBefore, CancellationToken ct = default) => _database.Writer.RunAsync(
        new ClaimOperation(IdempotencyStatements.AbandonAll, begunBefore.UtcTicks, _place.Length + 1L, $"{_place}/"), ct);
}

/// <summary>What <see cref="IdempotencyStore.BeginAsync"/> found.</summary>
public enum IdempotencyOutcome
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>Not seen before, or abandoned: do the work.</summary>
    New = 1,

    /// <summary>The first request is still at work.</summary>
    InProgress = 2,

    /// <summary>The key was used for another request.</summary>
    Mismatch = 3,

    /// <summary>Done before: give the kept answer.</summary>
    Replay = 4,
}

/// <summary>The right to answer a request.</summary>
/// <param name="Principal">Who asks.</param>
/// <param name="Key">The client's key.</param>
/// <param name="Id">Random, after the place that has it; a later claim of the same key has another one.</param>
public sealed record IdempotencyClaim(string Principal, string Key, string Id);

/// <summary>A kept answer.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Body">Its bytes.</param>
public sealed record KeptAnswer(int Status, string ContentType, byte[] Body);

/// <summary>How to go on with a request.</summary>
/// <param name="Outcome">What was found.</param>
/// <param name="Claim">With <see cref="IdempotencyOutcome.New"/>.</param>
/// <param name="Answer">With <see cref="IdempotencyOutcome.Replay"/>.</param>
public sealed record IdempotencyAnswer(IdempotencyOutcome Outcome, IdempotencyClaim? Claim = null, KeptAnswer? Answer = null);
