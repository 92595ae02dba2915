using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Control.Runtime.Clustering;

/// <summary>Both ends show the cluster's certificate and accept no other: its key is what makes a silo.</summary>
internal sealed class MutualTls(X509Certificate2 certificate)
{
    // TCP_USER_TIMEOUT of tcp(7), in milliseconds.
    private const int UserTimeout = 18;

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
        NoticeSilence(socket);
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

    // A peer whose machine is gone, or a way to it that drops everything, is noticed within 8 s and not after the minutes that
    // the kernel would try: by questions where nothing is said, and by what is said and not confirmed (tcp(7)).
    private static void NoticeSilence(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 5);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 1);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        if (OperatingSystem.IsLinux()) socket.SetRawSocketOption((int)SocketOptionLevel.Tcp, UserTimeout, BitConverter.GetBytes(8_000));
    }

    private bool IsOurs(object sender, X509Certificate? peer, X509Chain? chain, SslPolicyErrors errors) =>
        peer is not null && CryptographicOperations.FixedTimeEquals(peer.GetRawCertData(), certificate.RawData);
}
