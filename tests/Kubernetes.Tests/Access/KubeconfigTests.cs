using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Control.Kubernetes.Access;

namespace Control.Kubernetes.Tests.Access;

public sealed class KubeconfigTests : IDisposable
{
    private static readonly (string Certificate, string Key) Own = MakeCertificate();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("control-kubeconfig-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Access_InlineData_AllOfIt()
    {
        var access = Kubeconfig.ParseForeign($$"""
            apiVersion: v1
            kind: Config
            current-context: one
            clusters:
              - name: c
                cluster:
                  server: https://10.0.0.1:6443/k8s/clusters/c-1
                  certificate-authority-data: {{Base64(Own.Certificate)}}
                  tls-server-name: kubernetes
                  proxy-url: socks5://proxy:1080
                  disable-compression: true
            users:
              - name: u
                user:
                  client-certificate-data: {{Base64(Own.Certificate)}}
                  client-key-data: {{Base64(Own.Key)}}
                  token: secret
                  as: someone
                  as-groups: [g1, g2]
                  as-user-extra: { scopes: [a, b] }
            contexts:
              - name: other
                context: { cluster: x, user: y }
              - name: one
                context: { cluster: c, user: u, namespace: team }
            """).Access();

        Assert.Equal(new Uri("https://10.0.0.1:6443/k8s/clusters/c-1"), access.Server);
        Assert.Equal((Own.Certificate, "kubernetes", false, "team"), (access.CertificateAuthority, access.TlsServerName, access.Compresses, access.Namespace));
        Assert.Equal(new Uri("socks5://proxy:1080"), access.Proxy);
        Assert.Equal(new ClientCertificate(Own.Certificate, Own.Key), access.Certificate);
        Assert.Equal(new Credential.Token("secret"), access.Credential);
        Assert.Equal(("someone", "g1,g2", "scopes=a,scopes=b"), (
            access.Impersonation!.User, string.Join(",", access.Impersonation.Groups), string.Join(",", access.Impersonation.Extra.Select(extra => $"{extra.Key}={extra.Value}"))));
        Assert.DoesNotContain("secret", access.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("PRIVATE", access.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Access_FilesAndPlugin_OfThisMachineOnly()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "ca.pem"), Own.Certificate);
        var text = """
            clusters: [{ name: c, cluster: { server: "https://h", certificate-authority: ca.pem } }]
            users:
              - name: u
                user:
                  exec:
                    apiVersion: client.authentication.k8s.io/v1
                    command: ./login
                    args: [--for, me]
                    env: [{ name: A, value: b }]
                    interactiveMode: IfAvailable
                    provideClusterInfo: true
              - { name: f, user: { tokenFile: token } }
            contexts: [{ name: x, context: { cluster: c, user: u } }, { name: f, context: { cluster: c, user: f } }]
            """;
        var path = Path.Combine(_folder.FullName, "config");
        File.WriteAllText(path, text);

        var access = Kubeconfig.Load(path).Access("x");
        Assert.Equal(Own.Certificate, access.CertificateAuthority);
        var plugin = Assert.IsType<Credential.Plugin>(access.Credential);
        Assert.Equal((Path.Combine(_folder.FullName, "login"), "--for,me", true), (plugin.Command, string.Join(",", plugin.Arguments), plugin.ProvidesClusterInfo));
        Assert.Equal(new Credential.TokenFile(Path.Combine(_folder.FullName, "token")), Kubeconfig.Load(path).Access("f").Credential);

        var errors = Assert.Throws<KubeconfigException>(() => Kubeconfig.ParseForeign(text).Access("x")).Errors;
        Assert.Equal(["clusters[0].cluster.certificate-authority", "users[0].user.exec"], errors.Select(error => error.Field));
        Assert.All(errors, error => Assert.Contains("your machine", error.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("kind: Pod", "kind")]
    [InlineData("[]", "")]
    [InlineData("a: [", "")]
    [InlineData("contexts: []", "contexts")]
    [InlineData("current-context: nope", "current-context")]
    [InlineData("contexts: [{name: a, context: {cluster: b, user: u}}]", "contexts[0].context.cluster contexts[0].context.user")]
    [InlineData("contexts: [{name: a, context: {cluster: b}}]\nclusters: [{name: b, cluster: {server: 10.0.0.1, proxy-url: x, certificate-authority-data: '%'}}]", "clusters[0].cluster.server clusters[0].cluster.certificate-authority-data clusters[0].cluster.proxy-url")]
    [InlineData("contexts: [{name: a, context: {cluster: b, user: u}}]\nclusters: [{name: b, cluster: {server: 'https://h'}}]\nusers: [{name: u, user: {client-certificate-data: aGk=, auth-provider: {name: gcp}}}]", "users[0].user.client-certificate-data users[0].user.auth-provider")]
    [InlineData("contexts: [{name: a, context: {cluster: b, user: u}}]\nclusters: [{name: b, cluster: {server: 'https://h'}}]\nusers: [{name: u, user: {token: 123, as-groups: [g]}}]", "users[0].user.token users[0].user.as")]
    [InlineData("contexts: [{name: a, context: {cluster: b, user: u}}]\nclusters: [{name: b, cluster: {server: 'https://h'}}]\nusers: [{name: u, user: {as: \"a\\nb\"}}]", "users[0].user.as")]
    public void Access_Wrong_EveryFieldNamed(string text, string fields) =>
        Assert.Equal(fields, string.Join(" ", Assert.Throws<KubeconfigException>(() => Kubeconfig.ParseForeign(text).Access()).Errors.Select(error => error.Field)));

    [Fact]
    public void Write_ThenRead_TheSame()
    {
        var access = new ClusterAccess
        {
            Server = new Uri("https://10.0.0.1:6443/at"),
            CertificateAuthority = Own.Certificate,
            InsecureSkipTlsVerify = true,
            TlsServerName = "kubernetes",
            Proxy = new Uri("http://proxy:3128"),
            Compresses = false,
            Namespace = "team",
            Certificate = new ClientCertificate(Own.Certificate, Own.Key),
            Credential = new Credential.Basic("me", "pass"),
            Impersonation = new Impersonation("other", "7", ["g"], [KeyValuePair.Create("a", "1"), KeyValuePair.Create("a", "2")]),
        };
        var read = Kubeconfig.ParseForeign(KubeconfigText.Write(access)).Access();
        Assert.Equal(["g"], read.Impersonation!.Groups.AsEnumerable());
        Assert.Equal(access.Impersonation.Extra.AsEnumerable(), read.Impersonation.Extra);
        Assert.Equal(access with { Impersonation = null }, read with { Impersonation = null });
        Assert.Equal(new Credential.Token("t"), Kubeconfig.ParseForeign(KubeconfigText.Write(access with { Credential = new Credential.Token("t") })).Access().Credential);
        Assert.Throws<ArgumentException>(() => KubeconfigText.Write(access with { Credential = new Credential.TokenFile("/token") }));
    }

    [Fact]
    public void Proxy_PasswordInItsAddress_KeptApart()
    {
        var proxy = Control.Kubernetes.Http.ClusterTransport.Proxy(new Uri("http://me:p%40ss@proxy:3128"));
        Assert.Equal(new Uri("http://proxy:3128"), proxy.Address);
        var credential = proxy.Credentials!.GetCredential(proxy.Address!, "Basic")!;
        Assert.Equal(("me", "p@ss"), (credential.UserName, credential.Password));
        Assert.Null(Control.Kubernetes.Http.ClusterTransport.Proxy(new Uri("socks5://proxy:1080")).Credentials);
    }

    [Fact]
    public void Lifetime_EarlierOfCertificateAndToken()
    {
        var access = new ClusterAccess { Server = new Uri("https://h") };
        Assert.Null(CredentialLifetime.Of(access));
        var certificate = access with { Certificate = new ClientCertificate(Own.Certificate, Own.Key) };
        Assert.Equal(DateTimeOffset.UnixEpoch.AddYears(200), CredentialLifetime.Of(certificate));
        // {"exp":1700000000}
        const string token = "e30.eyJleHAiOjE3MDAwMDAwMDB9.x";
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_700_000_000), CredentialLifetime.Of(certificate with { Credential = new Credential.Token(token) }));
        foreach (var other in new[] { "opaque", "a.b.c", "e30.e30.x", "e30.eyJleHAiOiJ4In0.x" }) Assert.Null(CredentialLifetime.Of(access with { Credential = new Credential.Token(other) }));
    }

    [Fact]
    public void InCluster_Pod_TokenFileAndAuthority()
    {
        Assert.Null(InCluster.Load(_ => null, _folder.FullName));
        File.WriteAllText(Path.Combine(_folder.FullName, "token"), "t");
        File.WriteAllText(Path.Combine(_folder.FullName, "ca.crt"), Own.Certificate);
        File.WriteAllText(Path.Combine(_folder.FullName, "namespace"), "here\n");
        var access = InCluster.Load(name => name == "KUBERNETES_SERVICE_HOST" ? "fd00::1" : "443", _folder.FullName)!;
        Assert.Equal((new Uri("https://[fd00::1]:443"), "here"), (access.Server, access.Namespace));
        Assert.Equal(new Credential.TokenFile(Path.Combine(_folder.FullName, "token")), access.Credential);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static (string Certificate, string Key) MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
        return (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
