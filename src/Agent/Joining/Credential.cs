using System.Buffers.Text;
using System.Security.Cryptography;
using Control.Contracts.Agents;

namespace Control.Agent.Joining;

/// <summary>Who the agent is, kept in its state folder.</summary>
/// <param name="Installation">Random; names this state folder in the marks of processes.</param>
/// <param name="TokenId">The join token the secret was made for.</param>
/// <param name="Secret">32 random bytes, base64url, made here: it is stored before it is first sent.</param>
/// <param name="Fingerprint">The pinned certificate; null for known authorities.</param>
/// <param name="AgentId">Null until the server has answered the join.</param>
internal sealed record Credential(string Installation, string TokenId, string Secret, string? Fingerprint, AgentId? AgentId)
{
    /// <summary>A fresh one, not joined yet.</summary>
    public static Credential For(JoinToken token) => new(
        Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)),
        token.Id,
        Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32)),
        token.Fingerprint,
        null);

    /// <summary>Without the secret.</summary>
    public override string ToString() => $"credential of {AgentId?.Value ?? "an agent that has not joined"}";
}
