using Control.Agent.Link;
using Control.Contracts.Agents;
using Control.Contracts.Errors;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Joining;

/// <summary>Turns a join token into a stored credential. Safe to be cut off anywhere: the next start goes on with the same secret.</summary>
internal sealed partial class Join(AgentOptions options, StateFolder state, TimeProvider time, ILogger<Join> logger)
{
    /// <summary>The credential of an agent that has joined, waiting for the server when it is away.</summary>
    /// <exception cref="ControlException">
    /// <c>join-token-missing</c>, <c>join-refused</c> or <c>server-certificate</c>, each with the cure.
    /// </exception>
    public async Task<Credential> RunAsync(CancellationToken cancellationToken)
    {
        var stored = state.ReadCredential();
        if (stored?.AgentId is not null)
        {
            return stored;
        }

        if (!JoinToken.TryParse(options.JoinToken, out var token))
        {
            throw new ControlException("join-token-missing", "This agent has not joined yet. Make a join token on the server and start the agent with it.");
        }

        var credential = stored?.TokenId == token.Id ? stored with { Fingerprint = token.Fingerprint } : Credential.For(token);
        state.WriteCredential(credential);
        var joined = credential with { AgentId = await RedeemAsync(token, credential, cancellationToken).ConfigureAwait(false) };
        state.WriteCredential(joined);
        return joined;
    }

    private async Task<AgentId> RedeemAsync(JoinToken token, Credential credential, CancellationToken cancellationToken)
    {
        var request = new JoinRequest(token.Id, token.Secret, credential.Secret, options.EffectiveName(), [.. options.Labels], options.Capacity, AgentHost.SoftwareVersion);
        using var link = new ServerLink(options.Servers, ServerLink.CreateHandler(options.Servers, token.Fingerprint), time);
        var backoff = new Backoff(time);
        var insecure = 0;
        while (true)
        {
            var answer = await link.JoinAsync(request, cancellationToken).ConfigureAwait(false);
            switch (answer.Verdict)
            {
                case Verdict.Ok when answer.Value is { } response && response.AgentId != default:
                    LogJoined(response.AgentId, options.Server!);
                    return response.AgentId;
                case Verdict.Insecure when ++insecure >= options.Servers.Count:
                    throw new ControlException("server-certificate", $"{options.Server} does not show the certificate the join token names, or none of a known authority: {answer.Detail} Check the address; if it is right, make a new token, and mistrust the network if that does not help.");
                case Verdict.Conflict or Verdict.Gone or Verdict.Refused or Verdict.Removed:
                    throw new ControlException("join-refused", $"The server refused the join token: {answer.Detail} Make a new one; each works once and for a limited time.");
            }

            LogWaiting(answer.Detail);
            await backoff.PauseAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Joined {Server} as {Agent}.")]
    private partial void LogJoined(AgentId agent, Uri server);

    [LoggerMessage(Level = LogLevel.Information, Message = "Waiting for the server to join: {Detail}")]
    private partial void LogWaiting(string detail);
}
