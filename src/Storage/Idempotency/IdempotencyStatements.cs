using Control.Storage.Databases;

namespace Control.Storage.Idempotency;

/// <summary>Statements of <see cref="IdempotencyStore"/>.</summary>
internal static class IdempotencyStatements
{
    public static readonly Statement Find = new("""
        SELECT request_hash, claim, started_at, status, content_type, body FROM idempotency
        WHERE principal = @principal AND key = @key
        """);

    public static readonly Statement Add = new("""
        INSERT INTO idempotency (principal, key, request_hash, claim, started_at)
        VALUES (@principal, @key, @request_hash, @claim, @started_at) ON CONFLICT (principal, key) DO NOTHING
        """);

    // By the claim that was found, so that of two who take an abandoned request over one does.
    public static readonly Statement TakeOver = new("""
        UPDATE idempotency SET request_hash = @request_hash, claim = @claim, started_at = @started_at,
            status = NULL, content_type = NULL, body = NULL
        WHERE principal = @principal AND key = @key AND claim = @found
        """);

    public static readonly Statement Complete = new("""
        UPDATE idempotency SET status = @status, content_type = @content_type, body = @body
        WHERE principal = @principal AND key = @key AND claim = @claim
        """);

    public static readonly Statement Abandon = new(
        "DELETE FROM idempotency WHERE principal = @principal AND key = @key AND claim = @claim AND status IS NULL");

    public static readonly Statement AbandonAll = new("""
        DELETE FROM idempotency WHERE started_at < @before AND status IS NULL AND substr(claim, 1, CAST(@length AS integer)) = @place
        """);

    // A few with each new one: the table stays as small as a day's requests without a sweep that anyone waits for.
    public static readonly Statement Expire = new("""
        DELETE FROM idempotency WHERE (principal, key) IN (
            SELECT principal, key FROM idempotency WHERE started_at < @cutoff ORDER BY started_at LIMIT 8)
        """);
}
