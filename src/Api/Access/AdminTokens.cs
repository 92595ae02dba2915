namespace Control.Api.Access;

/// <summary>Access tokens that no one with a token asked for: the first one, and one for whoever lost it.</summary>
public static class AdminTokens
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    /// <summary>Makes a token that may do everything, good for a year, and returns its text; it is not to be had again.</summary>
    /// <param name="grains">The silo.</param>
    /// <param name="time">The clock.</param>
    /// <param name="name">What lists show it as.</param>
    /// <exception cref="ControlException">The token was refused.</exception>
    public static async Task<string> IssueAsync(IGrainFactory grains, TimeProvider time, string name)
    {
        var (id, secret) = (BearerTokens.NewId(), BearerTokens.NewSecret());
        var command = new CreateToken(name, [Scopes.Admin], [], time.GetUtcNow() + Lifetime, BearerTokens.Hash(secret), Actor.System);
        var outcome = await grains.GetGrain<IAccessTokenGrain>(id).Create(command);
        return outcome.Granted
            ? $"{BearerTokens.TokenPrefix}{id}.{secret}"
            : throw new ControlException(outcome.Refusal.Code, outcome.Refusal.Message, outcome.Refusal.Fields);
    }
}
