using System.Collections.Immutable;
using Control.Contracts.Access;
using Control.Contracts.Agents;

namespace Control.Cli.Client;

/// <summary>Who the token makes its holder.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Name">The token's name.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="Workspaces">The only workspaces it sees; empty means all.</param>
/// <param name="ExpiresAt">After this the token is refused.</param>
public sealed record Identity(
    string Id, string Name, ImmutableArray<string> Scopes, ImmutableArray<string> Workspaces, DateTimeOffset ExpiresAt);

/// <summary>A new access token; this answer alone shows it.</summary>
/// <param name="Token">What to send as the bearer.</param>
/// <param name="View">What lists show of it.</param>
public sealed record NewToken(string Token, TokenView View);

/// <summary>A new join token; this answer alone shows it.</summary>
/// <param name="Token">What to start the agent with.</param>
/// <param name="ExpiresAt">After this it is refused.</param>
public sealed record NewJoinToken(string Token, DateTimeOffset ExpiresAt);

/// <summary>Asks for an access token.</summary>
/// <param name="Name">Name for people.</param>
/// <param name="Scopes">What it may do, of <see cref="Contracts.Access.Scopes"/>.</param>
/// <param name="Workspaces">The only workspaces it sees; empty means all.</param>
/// <param name="ExpiresInDays">How long it is good for, 1 to 365.</param>
public sealed record TokenRequest(string Name, ImmutableArray<string> Scopes, ImmutableArray<string> Workspaces, int ExpiresInDays);

public sealed partial class ControlClient
{
    /// <summary>Who this client is to the server.</summary>
    public Task<Answer<Identity>> WhoAmIAsync(CancellationToken cancellationToken) => GetAsync<Identity>("/whoami", cancellationToken);

    /// <summary>The access tokens, never their secrets.</summary>
    public Task<Answer<ItemPage<TokenView>>> ListTokensAsync(PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<TokenView>("/tokens", page, cancellationToken);

    /// <summary>Makes an access token; its secret is in this answer only.</summary>
    public Task<Answer<NewToken>> CreateTokenAsync(TokenRequest request, CancellationToken cancellationToken) =>
        PostAsync<NewToken>("/tokens", request, cancellationToken);

    /// <summary>Takes an access token back.</summary>
    public Task RevokeTokenAsync(string id, CancellationToken cancellationToken) =>
        DeleteAsync($"/tokens/{Escape(id)}", null, cancellationToken);

    /// <summary>The build agents.</summary>
    public Task<Answer<ItemPage<AgentView>>> ListAgentsAsync(PageQuery page, CancellationToken cancellationToken) =>
        ListAsync<AgentView>("/agents", page, cancellationToken);

    /// <summary>One build agent.</summary>
    public Task<Answer<AgentView>> GetAgentAsync(AgentId id, CancellationToken cancellationToken) =>
        GetAsync<AgentView>($"/agents/{Escape(id.Value)}", cancellationToken);

    /// <summary>Removes a build agent; what it runs is lost.</summary>
    public Task RemoveAgentAsync(AgentId id, CancellationToken cancellationToken) =>
        DeleteAsync($"/agents/{Escape(id.Value)}", null, cancellationToken);

    /// <summary>Makes a token that lets one agent join, good for up to a day.</summary>
    public Task<Answer<NewJoinToken>> CreateJoinTokenAsync(TimeSpan validFor, CancellationToken cancellationToken) =>
        PostAsync<NewJoinToken>("/agents/join-tokens", new { expiresInSeconds = (long)validFor.TotalSeconds }, cancellationToken);
}
