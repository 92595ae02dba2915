using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Control.Runtime.Clustering;

/// <summary>Both ends show the cluster's certificate and accept no other: its key is what makes a silo.</summary>
internal sealed class MutualTls(X509Certificate2 certificate)
{
    private readonly SslStreamCertificateContext _context = SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true);

    public Task<SslStream> AcceptAsync(Socket socket, CancellationToken cancellationToken) => OpenAsync(socket, stream => stream.AuthenticateAsServerAsync(
        new SslServerAuthenticationOptions
        {
            ServerCertificateContext = _context,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = IsOurs,
        },
        cancellationToken));

    // The name means nothing, the certificate everything; TLS wants one.
    public Task<SslStream> DialAsync(Socket socket, CancellationToken cancellationToken) => OpenAsync(socket, stream => stream.AuthenticateAsClientAsync(
        new SslClientAuthenticationOptions
        {
            TargetHost = "control",
            ClientCertificateContext = _context,
            RemoteCertificateValidationCallback = IsOurs,
        },
        cancellationToken));

    private static async Task<SslStream> OpenAsync(Socket socket, Func<SslStream, Task> authenticate)
    {
        socket.NoDelay = true;
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true), leaveInnerStreamOpen: false);
        try
        {
            await authenticate(stream).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private bool IsOurs(object sender, X509Certificate? peer, X509Chain? chain, SslPolicyErrors errors) =>
        peer is not null && CryptographicOperations.FixedTimeEquals(peer.GetRawCertData(), certificate.RawData);
}
