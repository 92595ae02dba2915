using Control.Contracts.Agents;

namespace Control.Api.Agents;

/// <summary>A new join token: the one answer that shows it.</summary>
/// <param name="Token">What to start the agent with: id, secret and, where the host has one of its own making, the certificate's fingerprint.</param>
/// <param name="ExpiresAt">After this it is refused.</param>
public sealed record CreatedJoinToken(string Token, DateTimeOffset ExpiresAt)
{
    /// <summary>The record's own text would show the token.</summary>
    public override string ToString() => nameof(CreatedJoinToken);
}

/// <summary>Makes join tokens, for requests and for the host's own agent.</summary>
public static class JoinTokens
{
    /// <summary>Makes a token that lets one agent join.</summary>
    /// <param name="grains">The silo.</param>
    /// <param name="time">The clock.</param>
    /// <param name="lifetime">How long it is good for.</param>
    /// <param name="by">Who wants it.</param>
    /// <param name="fingerprint">SHA-256 of the server's certificate for the agent to trust; null for the machine's authorities.</param>
    public static async Task<Outcome<CreatedJoinToken>> IssueAsync(
        IGrainFactory grains, TimeProvider time, TimeSpan lifetime, Actor by, string? fingerprint)
    {
        var (id, secret) = (BearerTokens.NewId(), BearerTokens.NewSecret());
        var command = new CreateJoinToken(BearerTokens.Hash(secret), time.GetUtcNow() + lifetime, by);
        var outcome = await grains.GetGrain<IJoinTokenGrain>(id).Create(command);
        var token = $"{BearerTokens.JoinPrefix}{id}.{secret}";
        return outcome.Granted
            ? new CreatedJoinToken(fingerprint is null ? token : $"{token}.{fingerprint}", outcome.Value.ExpiresAt)
            : outcome.Refusal;
    }
}
