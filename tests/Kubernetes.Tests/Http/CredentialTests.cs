using Control.Kubernetes.Access;
using Control.Kubernetes.Errors;
using Control.TestKit;

namespace Control.Kubernetes.Tests.Http;

public sealed class CredentialTests : IDisposable
{
    private readonly FakeCluster _cluster = new();
    private readonly ManualClock _clock = new();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("control-credential-");

    public void Dispose()
    {
        _cluster.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Basic_AndImpersonation_SentWithEveryRequest()
    {
        var asked = await AskAsync(Access(new Credential.Basic("me", "pass")) with
        {
            TlsServerName = "kubernetes",
            Impersonation = new Impersonation("other", "7", ["g1", "g2"], [KeyValuePair.Create("example.com/scope", "a b")]),
        });
        Assert.Equal("Basic bWU6cGFzcw==", asked.Header("Authorization"));
        Assert.Equal("kubernetes", asked.Header("Host"));
        Assert.Equal(("other", "7", "g1,g2", "a b"), (
            asked.Header("Impersonate-User"), asked.Header("Impersonate-Uid"), asked.Header("Impersonate-Group"), asked.Header("Impersonate-Extra-example.com%2Fscope")));
    }

    [Fact]
    public async Task TokenFile_ReadAgainAfterAMinuteAndWhenRefused()
    {
        var path = Path.Combine(_folder.FullName, "token");
        File.WriteAllText(path, "first\n");
        using var client = _cluster.Client(Access(new Credential.TokenFile(path)), time: _clock);
        Assert.Equal("Bearer first", await TokenAsync(client));

        File.WriteAllText(path, "second");
        Assert.Equal("Bearer first", await TokenAsync(client));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("Bearer second", await TokenAsync(client));

        File.WriteAllText(path, "third");
        var asking = client.VersionAsync();
        await _cluster.AnswerAsync(401, "");
        Assert.Equal("Bearer third", (await _cluster.AnswerAsync(200, "{}")).Header("Authorization"));
        await asking;

        // Refused again: no third try.
        asking = client.VersionAsync();
        await _cluster.AnswerAsync(401, "");
        await _cluster.AnswerAsync(401, """{"kind":"Status","reason":"Unauthorized","code":401}""");
        Assert.Equal("Unauthorized", (await Assert.ThrowsAsync<KubernetesException>(() => asking)).Status.Reason);
    }

    [Fact]
    public async Task Plugin_RunOnceUntilItsTokenEnds()
    {
        using var client = _cluster.Client(Access(Plugin(
            $$$"""
            n=$(cat '{{{_folder.FullName}}}/n' 2>/dev/null || echo 0); echo $((n + 1)) >'{{{_folder.FullName}}}/n'
            echo "$KUBERNETES_EXEC_INFO" >'{{{_folder.FullName}}}/info'
            echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t'$n-$A'","expirationTimestamp":"2026-01-01T00:10:00Z"}}'
            """)), time: _clock);
        Assert.Equal("Bearer t0-b", await TokenAsync(client));
        Assert.Equal("Bearer t0-b", await TokenAsync(client));
        _clock.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("Bearer t1-b", await TokenAsync(client));
        Assert.Contains("\"interactive\":false", File.ReadAllText(Path.Combine(_folder.FullName, "info")), StringComparison.Ordinal);
        Assert.Contains("\"server\":\"https://cluster.test/", File.ReadAllText(Path.Combine(_folder.FullName, "info")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("echo no key >&2; exit 3", "ended with 3: no key")]
    [InlineData("echo hello", "not JSON")]
    [InlineData("echo '{\"apiVersion\":\"client.authentication.k8s.io/v1\"}'", "neither a token nor")]
    [InlineData("echo '{\"apiVersion\":\"v1\",\"status\":{\"token\":\"t\"}}'", "another version")]
    public async Task Plugin_Fails_SaysHow(string script, string message)
    {
        using var client = _cluster.Client(Access(Plugin(script)));
        var fault = await Assert.ThrowsAsync<KubernetesException>(() => client.VersionAsync());
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.Empty(_cluster.Bodies);
    }

    [Fact]
    public async Task Plugin_NotThere_HintGiven()
    {
        using var client = _cluster.Client(Access(Plugin("") with { Command = "/no/such/program", InstallHint = "Install it from here." }));
        Assert.EndsWith("Install it from here.", (await Assert.ThrowsAsync<KubernetesException>(() => client.VersionAsync())).Message, StringComparison.Ordinal);
    }

    private static Credential.Plugin Plugin(string script) =>
        new("sh", ["-c", script], [KeyValuePair.Create("A", "b")], "client.authentication.k8s.io/v1", ProvidesClusterInfo: true, "");

    private static ClusterAccess Access(Credential credential) => new() { Server = new Uri("https://cluster.test"), Credential = credential };

    private async Task<FakeCluster.Asked> AskAsync(ClusterAccess access)
    {
        using var client = _cluster.Client(access);
        var asking = client.VersionAsync();
        var asked = await _cluster.AnswerAsync(200, "{}");
        await asking;
        return asked;
    }

    private async Task<string?> TokenAsync(Control.Kubernetes.Client.KubernetesClient client)
    {
        var asking = client.VersionAsync();
        var asked = await _cluster.AnswerAsync(200, "{}");
        await asking;
        return asked.Header("Authorization");
    }
}
