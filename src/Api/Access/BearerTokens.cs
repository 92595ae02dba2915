using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Control.Api.Access;

/// <summary>
/// The text of credentials: <c>prefix_id.secret</c>. The secret is 32 random bytes in base64url; only its SHA-256 is
/// stored, which is enough for 256 random bits.
/// </summary>
internal static class BearerTokens
{
    /// <summary>Starts the tokens of people and their programs.</summary>
    public const string TokenPrefix = "ctt_";

    /// <summary>Starts the credentials of agents.</summary>
    public const string AgentPrefix = "cta_";

    /// <summary>Starts join tokens.</summary>
    public const string JoinPrefix = "cjt_";

    /// <summary>Longest credential looked at, in characters.</summary>
    public const int MaxLength = 256;

    /// <summary>A fresh secret.</summary>
    public static string NewSecret() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>A fresh id: 80 random bits as lower-case hex, a <see cref="ResourceName"/>.</summary>
    public static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(10));

    /// <summary>What is stored of a secret.</summary>
    public static string Hash(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    /// <summary>Compares a presented secret with a stored hash in constant time.</summary>
    public static bool Matches(string secret, string hash) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Hash(secret)), Encoding.ASCII.GetBytes(hash));

    /// <summary>The halves of a credential with that prefix; null for anything else.</summary>
    public static (string Id, string Secret)? Split(string credential, string prefix)
    {
        if (credential.Length > MaxLength || !credential.StartsWith(prefix, StringComparison.Ordinal))
        {
            return null;
        }

        return credential[prefix.Length..].Split('.') is [var id, { Length: > 0 } secret] && ResourceName.IsValid(id) ? (id, secret) : null;
    }
}
