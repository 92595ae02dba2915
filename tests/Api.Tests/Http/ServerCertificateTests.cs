using System.Security.Cryptography.X509Certificates;
using Control.Api.Http;

namespace Control.Api.Tests.Http;

public sealed class ServerCertificateTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("control-tls-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void LoadOrCreate_Twice_GivesTheSamePrivateCertificate()
    {
        using var first = ServerCertificate.LoadOrCreate(_directory.FullName, TimeProvider.System, "control.example", "10.1.2.3");
        using var second = ServerCertificate.LoadOrCreate(_directory.FullName, TimeProvider.System);
        Assert.Equal(ServerCertificate.Fingerprint(first), ServerCertificate.Fingerprint(second));
        Assert.Equal(64, ServerCertificate.Fingerprint(first).Length);
        Assert.True(second.HasPrivateKey);
        foreach (var name in new[] { "localhost", Dns.GetHostName(), "control.example", "127.0.0.1", "::1", "10.1.2.3" })
        {
            Assert.True(first.MatchesHostname(name), name);
        }

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_directory.FullName, "server.pem")));
        }
    }

    [Fact]
    public void LoadOrCreate_Expired_MakesANewOne()
    {
        using var first = ServerCertificate.LoadOrCreate(_directory.FullName, new Clock(TimeProvider.System.GetUtcNow().AddDays(-4000)));
        using var second = ServerCertificate.LoadOrCreate(_directory.FullName, TimeProvider.System);
        Assert.NotEqual(ServerCertificate.Fingerprint(first), ServerCertificate.Fingerprint(second));
    }

    [Fact]
    public void LoadOrCreate_Damaged_FailsWithTheCure()
    {
        var path = Path.Combine(_directory.FullName, "server.pem");
        File.WriteAllText(path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        var fault = Assert.Throws<ControlException>(() => ServerCertificate.LoadOrCreate(_directory.FullName, TimeProvider.System));
        Assert.Equal("certificate-unreadable", fault.Code);
        Assert.Contains(path, fault.Message, StringComparison.Ordinal);
    }

    private sealed class Clock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
