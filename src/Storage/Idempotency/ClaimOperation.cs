using Control.Storage.Databases;

namespace Control.Storage.Idempotency;

/// <summary>Abandons a request, if the claim still holds.</summary>
internal sealed class ClaimOperation(Statement statement, params object?[] values) : WriteOperation<bool>(256)
{
    private bool _held;

    /// <inheritdoc/>
    protected override bool Result => _held;

    // Once held, a repeat after an unknown outcome may find the row as it left it, or gone: still held.
    /// <inheritdoc/>
    public override void Apply(Session session) => _held |= session.Execute(statement, values) > 0;
}

/// <summary>Keeps an answer, if the claim still holds.</summary>
internal sealed class CompleteOperation(IdempotencyClaim claim, KeptAnswer answer) : WriteOperation<bool>(answer.Body.Length + 256)
{
    /// <inheritdoc/>
    public override WriteSet Set => CompleteSet.Instance;

    /// <summary>The right to answer.</summary>
    public IdempotencyClaim Claim => claim;

    /// <summary>What is kept.</summary>
    public KeptAnswer Answered => answer;

    /// <summary>True once the claim was found to hold.</summary>
    public bool IsHeld { get; set; }

    /// <inheritdoc/>
    protected override bool Result => IsHeld;

    /// <inheritdoc/>
    public override void Apply(Session session) => IsHeld = session.Execute(
        IdempotencyStatements.Complete, (long)answer.Status, answer.ContentType, answer.Body, claim.Principal, claim.Key, claim.Id) > 0;
}

/// <summary>Keeps many answers at once.</summary>
internal sealed class CompleteSet : WriteSet<CompleteOperation>
{
    /// <summary>The one there is.</summary>
    public static readonly CompleteSet Instance = new();

    private static readonly Statement Complete = new("""
        UPDATE idempotency k SET status = i.status, content_type = i.content_type, body = i.body
        FROM unnest(@principals, @keys, @claims, @statuses, @content_types, @bodies) AS i (principal, key, claim, status, content_type, body)
        WHERE k.principal = i.principal AND k.key = i.key AND k.claim = i.claim
        RETURNING k.claim
        """);

    /// <inheritdoc/>
    protected override string Target(CompleteOperation operation) => $"{operation.Claim.Principal} {operation.Claim.Key}";

    /// <inheritdoc/>
    protected override void Apply(Session session, CompleteOperation[] operations)
    {
        using var row = session.Query(
            Complete,
            operations.Select(operation => operation.Claim.Principal).ToArray(),
            operations.Select(operation => operation.Claim.Key).ToArray(),
            operations.Select(operation => operation.Claim.Id).ToArray(),
            operations.Select(operation => (long)operation.Answered.Status).ToArray(),
            operations.Select(operation => operation.Answered.ContentType).ToArray(),
            operations.Select(operation => operation.Answered.Body).ToArray());
        var held = new HashSet<string>();
        while (row.Read())
            held.Add(row.GetString(0));
        foreach (var operation in operations)
            operation.IsHeld = held.Contains(operation.Claim.Id);
    }
}
