using System.Collections.Immutable;
using Control.Contracts.Workspaces;

namespace Control.Contracts.Agents;

// What agents and gateways say to each other over HTTPS, as JSON by ContractJson. These never pass through grains: they
// carry secrets in the clear.

/// <summary>An agent's request to join. It makes its own credential, so a repeat after a lost answer is the same request.</summary>
/// <param name="TokenId">Public half of the join token.</param>
/// <param name="TokenSecret">Secret half of the join token.</param>
/// <param name="CredentialSecret">The secret it will use from now on: 32 random bytes, base64url.</param>
/// <param name="Name">Its name.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Capacity">Jobs at a time.</param>
/// <param name="SoftwareVersion">Version of its program.</param>
public sealed record JoinRequest(
    string TokenId,
    string TokenSecret,
    string CredentialSecret,
    string Name,
    ImmutableArray<string> Labels,
    int Capacity,
    string SoftwareVersion)
{
    /// <summary>The record's own text would show both secrets.</summary>
    public override string ToString() => $"{nameof(JoinRequest)} by {TokenId}";
}

/// <summary>The answer to a join.</summary>
/// <param name="AgentId">The agent's id; its bearer token is <c>cta_{agentId}.{credentialSecret}</c>.</param>
public sealed record JoinResponse(AgentId AgentId);

/// <summary>Orders as an agent receives them.</summary>
/// <param name="Start">New work, secrets included.</param>
/// <param name="Stop">Leases to end and report as stopped.</param>
/// <param name="Forget">Leases that no longer hold.</param>
public sealed record AgentOrdersMessage(
    ImmutableArray<AssignmentMessage> Start,
    ImmutableArray<LeaseRef> Stop,
    ImmutableArray<LeaseRef> Forget);

/// <summary>An assignment with what only the agent may see.</summary>
/// <param name="Assignment">The assignment.</param>
/// <param name="SecretValues">Values by environment variable.</param>
/// <param name="SourceCredential">For the checkout; null without one.</param>
/// <param name="SourceCredentialKind">What shape that has.</param>
/// <param name="MissingSecrets">Names that neither the pipeline nor its workspace has: the job fails with that reason.</param>
public sealed record AssignmentMessage(
    Assignment Assignment,
    ImmutableSortedDictionary<string, string> SecretValues,
    SecretValue? SourceCredential,
    SecretKind? SourceCredentialKind,
    ImmutableArray<string> MissingSecrets);

/// <summary>The answer to a log chunk.</summary>
/// <param name="Length">Bytes stored of this attempt's log; the offset of the next chunk.</param>
public sealed record LogAck(long Length);
