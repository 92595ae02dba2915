using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Control.Cli.Client;

/// <summary>
/// Decides whether a server's certificate is accepted: with a pin only that very certificate, without one what the machine
/// trusts. Servers make their own certificate at first start, so the pin is the usual way.
/// </summary>
internal sealed class CertificatePin(string? expected)
{
    private volatile string? _refused;

    /// <summary>Fingerprint of the certificate last refused; null when none was.</summary>
    public string? Refused => _refused;

    public bool Accept(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        var presented = certificate is null ? "" : Convert.ToHexStringLower(SHA256.HashData(certificate.GetRawCertData()));
        var accepted = expected is null
            ? errors == SslPolicyErrors.None
            : CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(presented), Encoding.ASCII.GetBytes(expected));
        if (!accepted)
        {
            _refused = presented;
        }

        return accepted;
    }
}
