using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Control.Api.Http;

/// <summary>
/// A certificate of the server's own making, for installations without an authority. Agents and the command line trust it
/// by its fingerprint, which join tokens carry.
/// </summary>
public static class ServerCertificate
{
    private const string FileName = "server.pem";
    private const string SilosFileName = "silos.pem";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    /// <summary>Agents hold on to the fingerprint, so it lasts long; CA/Browser limits do not bind private certificates.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(3650);

    /// <summary>
    /// Loads <c>server.pem</c> (certificate and key, mode 0600) from a directory, or makes it: ECDSA P-256, valid 10 years,
    /// for localhost, the host's name, both loopback addresses and <paramref name="names"/>. An expired file is replaced; agents
    /// that trusted the old fingerprint must then join again. A file that lacks one of the names is kept, as the fingerprint
    /// matters more.
    /// </summary>
    /// <param name="directory">The data directory; made with mode 0700 when missing.</param>
    /// <param name="time">Decides what is expired.</param>
    /// <param name="names">Further DNS names or IP addresses.</param>
    /// <exception cref="ControlException"><c>certificate-unreadable</c>: the file is not one of ours; the message names the cure.</exception>
    public static X509Certificate2 LoadOrCreate(string directory, TimeProvider time, params IEnumerable<string> names) =>
        LoadOrCreate(directory, FileName, time, now => Create(now, names, ServerAuthentication));

    /// <summary>
    /// Loads <c>silos.pem</c> from a directory, or makes it: what the silos of one cluster show each other, and accept nothing
    /// else. Not the server's own certificate, whose key an administrator may have put elsewhere too.
    /// </summary>
    /// <param name="directory">The data directory that the silos share.</param>
    /// <param name="time">Decides what is expired.</param>
    /// <exception cref="ControlException"><c>certificate-unreadable</c>: the file is not one of ours; the message names the cure.</exception>
    public static X509Certificate2 LoadOrCreateForSilos(string directory, TimeProvider time) =>
        LoadOrCreate(directory, SilosFileName, time, now => Create(now, [], ServerAuthentication, ClientAuthentication));

    /// <summary>Whether a directory is that of a server in a cluster.</summary>
    public static bool ExistsForSilos(string directory) => File.Exists(Path.Combine(directory, SilosFileName));

    private static X509Certificate2 LoadOrCreate(string directory, string name, TimeProvider time, Func<DateTimeOffset, string> create)
    {
        MakeDirectory(directory);
        var path = Path.Combine(directory, name);
        if (File.Exists(path) && Load(path) is var found)
        {
            if (found.NotAfter.ToUniversalTime() > time.GetUtcNow().UtcDateTime)
            {
                return found;
            }

            found.Dispose();
        }

        Save(path, create(time.GetUtcNow()));
        return Load(path);
    }

    /// <summary>SHA-256 of the certificate in DER, lower-case hex: what join tokens carry and clients compare.</summary>
    public static string Fingerprint(X509Certificate2 certificate) => Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));

    private static X509Certificate2 Load(string path)
    {
        try
        {
            using var pem = X509Certificate2.CreateFromPemFile(path);

            // TLS on Windows needs a key that is not ephemeral; the way through PKCS#12 makes one everywhere.
            return X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), password: null);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new ControlException(
                "certificate-unreadable", $"{path} cannot be read ({exception.Message}). Restore it, or remove it to have a new one made; agents must then join again.");
        }
    }

    private static string Create(DateTimeOffset now, IEnumerable<string> names, params IEnumerable<string> uses)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=control", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. uses.Select(use => new Oid(use))], critical: false));
        request.CertificateExtensions.Add(AlternativeNames(names));
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now + Lifetime);
        return certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
    }

    private static X509Extension AlternativeNames(IEnumerable<string> names)
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var name in names.Prepend("::1").Prepend("127.0.0.1").Prepend(Dns.GetHostName()).Prepend("localhost").Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(name, out var address))
            {
                builder.AddIpAddress(address);
            }
            else
            {
                builder.AddDnsName(name);
            }
        }

        return builder.Build();
    }

    /// <summary>Readers see the old file or the whole new one, and only the owner sees either.</summary>
    private static void Save(string path, string pem)
    {
        var fresh = path + ".new";
        File.Delete(fresh);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using (var writer = new StreamWriter(fresh, options))
        {
            writer.Write(pem);
        }

        File.Move(fresh, path, overwrite: true);
    }

    private static void MakeDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
