using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Access;

/// <summary>Until when an access is good, as far as it says so itself.</summary>
public static class CredentialLifetime
{
    /// <summary>The earlier of its certificate's and its token's end; null when neither says.</summary>
    public static DateTimeOffset? Of(ClusterAccess access)
    {
        var certificate = access.Certificate is { } own ? End(own) : null;
        var token = access.Credential is Credential.Token { Value: var value } ? End(value) : null;
        return certificate is null ? token : token is null || certificate < token ? certificate : token;
    }

    private static DateTimeOffset? End(ClientCertificate own)
    {
        using var certificate = X509Certificate2.CreateFromPem(own.Certificate);
        return new DateTimeOffset(certificate.NotAfter.ToUniversalTime());
    }

    // Tokens of service accounts are JSON Web Tokens (RFC 7519); others say nothing. It is not checked: only the cluster can.
    private static DateTimeOffset? End(string token)
    {
        try
        {
            if (token.Split('.') is not [_, var payload, _]) return null;
            using var claims = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(payload));
            return claims.RootElement.Child("exp") is { ValueKind: JsonValueKind.Number } end && end.TryGetInt64(out var seconds)
                && seconds is > 0 and < 253_402_300_800 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
        }
        catch (Exception fault) when (fault is FormatException or JsonException)
        {
            return null;
        }
    }
}
