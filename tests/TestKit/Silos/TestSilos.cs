using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Control.Silo.Hosting;

namespace Control.TestKit.Silos;

/// <summary>How many silos this run of the tests wants, and what they need to become one cluster.</summary>
public static class TestSilos
{
    /// <summary>Silos of every test's cluster: <c>CONTROL_TEST_SILOS</c>, 1 unless told otherwise.</summary>
    public static int Count { get; } = int.Parse(Environment.GetEnvironmentVariable("CONTROL_TEST_SILOS") ?? "1", CultureInfo.InvariantCulture);

    /// <summary>A certificate for one cluster of a test.</summary>
    public static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test silos", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), password: null);
    }

    /// <summary>What a silo needs to join, on a port of its own.</summary>
    public static SiloCluster Cluster(RedisServer redis, X509Certificate2 certificate) =>
        new() { Redis = redis.Address, Listen = new IPEndPoint(IPAddress.Loopback, RedisServer.FreePort()), Certificate = certificate };
}
