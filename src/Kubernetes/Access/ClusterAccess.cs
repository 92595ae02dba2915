using System.Collections.Immutable;

namespace Control.Kubernetes.Access;

/// <summary>How to reach an API server, and as whom.</summary>
public sealed record ClusterAccess
{
    /// <summary>Such as <c>https://10.0.0.1:6443</c>; may have a path, as behind Rancher.</summary>
    public required Uri Server { get; init; }

    /// <summary>PEM of the certificates one of which must have signed the server's; empty for those the machine trusts.</summary>
    public string CertificateAuthority { get; init; } = "";

    /// <summary>Whoever answers is believed.</summary>
    public bool InsecureSkipTlsVerify { get; init; }

    /// <summary>The name in the server's certificate, where it is not that of <see cref="Server"/>.</summary>
    public string? TlsServerName { get; init; }

    /// <summary>An http, https or socks5 proxy; null for what the environment says.</summary>
    public Uri? Proxy { get; init; }

    /// <summary>False where compressing answers costs more than it saves.</summary>
    public bool Compresses { get; init; } = true;

    /// <summary>The namespace of requests that say none.</summary>
    public string Namespace { get; init; } = "default";

    /// <summary>PEM of a certificate to show, with its key; null for none.</summary>
    public ClientCertificate? Certificate { get; init; }

    /// <summary>What to send with every request.</summary>
    public Credential Credential { get; init; } = Credential.None;

    /// <summary>Who to be instead; null for oneself.</summary>
    public Impersonation? Impersonation { get; init; }
}

/// <summary>A client certificate.</summary>
/// <param name="Certificate">PEM, the chain's other certificates after it.</param>
/// <param name="Key">PEM.</param>
public sealed record ClientCertificate(string Certificate, string Key)
{
    /// <summary>Without the key.</summary>
    public override string ToString() => nameof(ClientCertificate);
}

/// <summary>Somebody else to be, as far as the cluster allows it: <c>Impersonate-*</c> headers.</summary>
/// <param name="User">Whose name to bear.</param>
/// <param name="Uid">Null for none.</param>
/// <param name="Groups">Whose member to be.</param>
/// <param name="Extra">Further attributes.</param>
public sealed record Impersonation(string User, string? Uid, ImmutableArray<string> Groups, ImmutableArray<KeyValuePair<string, string>> Extra);
