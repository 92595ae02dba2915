using System.Text;
using System.Text.Json.Nodes;
using Control.Kubernetes.Access;
using Control.Kubernetes.Client;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Objects;

namespace Control.Cluster.Tests;

public sealed class CredentialTests(RealCluster cluster) : IClassFixture<RealCluster>
{
    [Fact]
    public async Task Token_OfAServiceAccount_MayDoWhatItsRolesSay()
    {
        var space = await cluster.NamespaceAsync();
        var token = await TokenAsync(space);
        using var client = Client(new Credential.Token(token));
        Assert.StartsWith("v1.", (await client.VersionAsync()).GitVersion, StringComparison.Ordinal);
        var fault = await Assert.ThrowsAsync<KubernetesException>(() => client.ListAsync(cluster.Kind("configmaps"), space, new ListQuery()));
        Assert.Equal((403, "Forbidden"), (fault.Status.Code, fault.Status.Reason));
        Assert.Contains($"system:serviceaccount:{space}:default", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Impersonation_IsSomebodyElse()
    {
        var access = cluster.Access with { Impersonation = new Impersonation("somebody", null, ["team"], []) };
        using var client = KubernetesClient.Create(access);
        var fault = await Assert.ThrowsAsync<KubernetesException>(() => client.ListAsync(cluster.Kind("nodes"), "", new ListQuery()));
        Assert.Contains("User \"somebody\"", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TokenFile_Rotated_NoticedWhenTheOldOneIsRefused()
    {
        var space = await cluster.NamespaceAsync();
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, "not one of this cluster");
        using var client = Client(new Credential.TokenFile(path));
        Assert.Equal(401, (await Assert.ThrowsAsync<KubernetesException>(() => client.VersionAsync())).Status.Code);
        await File.WriteAllTextAsync(path, await TokenAsync(space));
        Assert.StartsWith("v1.", (await client.VersionAsync()).GitVersion, StringComparison.Ordinal);
        File.Delete(path);
    }

    [Fact]
    public async Task Plugin_TokenOrCertificate_Shown()
    {
        var token = await TokenAsync(await cluster.NamespaceAsync());
        using var byToken = Client(Plugin(new JsonObject { ["token"] = token }));
        Assert.StartsWith("v1.", (await byToken.VersionAsync()).GitVersion, StringComparison.Ordinal);

        var own = cluster.Access.Certificate!;
        using var byCertificate = Client(Plugin(new JsonObject { ["clientCertificateData"] = own.Certificate, ["clientKeyData"] = own.Key }));
        Assert.NotEmpty((await byCertificate.ListAsync(cluster.Kind("nodes"), "", new ListQuery())).Items);
    }

    [Fact]
    public async Task WrongAuthorityOrName_RefusedWithTheCure()
    {
        var foreign = cluster.Access with { CertificateAuthority = cluster.Access.Certificate!.Certificate };
        using var client = KubernetesClient.Create(foreign);
        var fault = await Assert.ThrowsAsync<KubernetesException>(() => client.VersionAsync());
        Assert.True(fault.IsUnreachable);
        Assert.Contains("certificate-authority-data", fault.Message, StringComparison.Ordinal);

        using var named = KubernetesClient.Create(cluster.Access with { TlsServerName = "kubernetes.default.svc" });
        Assert.StartsWith("v1.", (await named.VersionAsync()).GitVersion, StringComparison.Ordinal);
        using var misnamed = KubernetesClient.Create(cluster.Access with { TlsServerName = "elsewhere" });
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => misnamed.VersionAsync())).IsUnreachable);
        using var careless = KubernetesClient.Create(foreign with { InsecureSkipTlsVerify = true });
        Assert.StartsWith("v1.", (await careless.VersionAsync()).GitVersion, StringComparison.Ordinal);
    }

    private KubernetesClient Client(Credential credential) => KubernetesClient.Create(cluster.Access with { Certificate = null, Credential = credential });

    private static Credential.Plugin Plugin(JsonObject status)
    {
        var printed = new JsonObject { ["apiVersion"] = "client.authentication.k8s.io/v1beta1", ["kind"] = "ExecCredential", ["status"] = status };
        return new Credential.Plugin("printf", ["%s", printed.ToJsonString()], [], "client.authentication.k8s.io/v1beta1", ProvidesClusterInfo: false, "");
    }

    private async Task<string> TokenAsync(string space)
    {
        var request = new JsonObject { ["apiVersion"] = "authentication.k8s.io/v1", ["kind"] = "TokenRequest", ["spec"] = new JsonObject() };
        var answer = await cluster.Client.CreateAsync(cluster.Kind("serviceaccounts"), new ObjectKey(space, "default"), "token", RealCluster.Json(request));
        return answer.Read().GetProperty("status").GetProperty("token").GetString()!;
    }
}
