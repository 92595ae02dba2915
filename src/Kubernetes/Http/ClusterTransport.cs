using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Control.Kubernetes.Access;

namespace Control.Kubernetes.Http;

/// <summary>Connections to one API server.</summary>
internal static class ClusterTransport
{
    // Together what a connection may be dead without being noticed: less than the 15 s after which others take over.
    private static readonly TimeSpan PingAfter = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan PingWithin = TimeSpan.FromSeconds(5);

    public static SocketsHttpHandler Create(ClusterAccess access, CredentialSource credentials, ClientOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            KeepAlivePingDelay = PingAfter,
            KeepAlivePingTimeout = PingWithin,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            EnableMultipleHttp2Connections = true,
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = access.Compresses ? DecompressionMethods.GZip : DecompressionMethods.None,
            // A name may get another address, and a program another certificate.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            SslOptions = Tls(access, credentials),
        };
        if (access.Proxy is not null) handler.Proxy = Proxy(access.Proxy);
        return handler;
    }

    // Name and password apart from the address, which failures quote.
    internal static WebProxy Proxy(Uri proxy)
    {
        var address = new UriBuilder(proxy) { UserName = "", Password = "" }.Uri;
        var (name, password) = proxy.UserInfo.Split(':', 2) is [var first, var second] ? (first, second) : (proxy.UserInfo, "");
        return new WebProxy(address)
        {
            Credentials = name.Length == 0 ? null : new NetworkCredential(Uri.UnescapeDataString(name), Uri.UnescapeDataString(password)),
        };
    }

    private static SslClientAuthenticationOptions Tls(ClusterAccess access, CredentialSource credentials)
    {
        var tls = new SslClientAuthenticationOptions();
        if (access.InsecureSkipTlsVerify)
        {
            tls.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        }
        else if (access.CertificateAuthority.Length > 0)
        {
            tls.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            tls.CertificateChainPolicy.CustomTrustStore.ImportFromPem(access.CertificateAuthority);
        }

        if (access.Certificate is { } own)
        {
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(own.Certificate);
            tls.ClientCertificateContext = SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(own.Certificate, own.Key), chain, offline: true);
        }
        else if (access.Credential is Credential.Plugin)
        {
            tls.LocalCertificateSelectionCallback = (_, _, _, _, _) => credentials.Certificate!;
        }

        return tls;
    }
}
