using System.Diagnostics.CodeAnalysis;

namespace Control.Agent.Joining;

/// <summary>A join token as people pass it on: <c>cjt_ID.SECRET.FINGERPRINT</c>, the fingerprint being optional.</summary>
/// <param name="Id">Public half.</param>
/// <param name="Secret">Secret half.</param>
/// <param name="Fingerprint">SHA-256 of the server's certificate in DER, lower-case hex; null to trust known authorities.</param>
internal sealed record JoinToken(string Id, string Secret, string? Fingerprint)
{
    private const string Prefix = "cjt_";
    private const int MaxLength = 512;

    /// <summary>Reads one; false when the shape is wrong.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out JoinToken? token)
    {
        token = null;
        if (text is not { Length: <= MaxLength } || !text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        token = text[Prefix.Length..].Split('.') switch
        {
            [{ Length: > 0 } id, { Length: > 0 } secret] => new JoinToken(id, secret, null),
            [{ Length: > 0 } id, { Length: > 0 } secret, { Length: 64 } pin] when pin.All(char.IsAsciiHexDigit) =>
                new JoinToken(id, secret, pin.ToLowerInvariant()),
            _ => null,
        };
        return token is not null;
    }

    /// <summary>Without the secret, which has no business in logs.</summary>
    public override string ToString() => $"{Prefix}{Id}";
}
