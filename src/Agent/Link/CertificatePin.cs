using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Control.Agent.Link;

/// <summary>Accepts exactly the certificate whose SHA-256 (over its DER form) is pinned; name and dates then do not matter.</summary>
internal sealed class CertificatePin
{
    private readonly byte[] _sha256;

    /// <summary>Pins 64 hex digits.</summary>
    public CertificatePin(string fingerprint) => _sha256 = Convert.FromHexString(fingerprint);

    /// <summary>For the TLS handshake.</summary>
    public bool Accepts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is not null
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(certificate.GetRawCertData()), _sha256);
}
