using Control.Kubernetes.Client;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Http;
using Control.Kubernetes.Objects;
using Control.TestKit;

namespace Control.Kubernetes.Tests.Client;

public sealed class ClientTests : IDisposable
{
    private const string Pod = """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b","namespace":"a"}}""";
    private static readonly ObjectKey Key = new("a", "b");
    private readonly FakeCluster _cluster = new();
    private readonly KubernetesClient _client;

    public ClientTests() => _client = _cluster.Client();

    public void Dispose()
    {
        _client.Dispose();
        _cluster.Dispose();
    }

    [Fact]
    public async Task Apply_Conflict_ByManagerAndField()
    {
        var applying = _client.ApplyAsync(FakeCluster.Pods, Key, "{}"u8.ToArray(), new WriteOptions { Force = true, IsDryRun = true });
        var asked = await _cluster.AnswerAsync(409, """
            {"kind":"Status","code":409,"reason":"Conflict","message":"Apply failed with 2 conflicts","details":{"causes":[
              {"reason":"FieldManagerConflict","message":"conflict with \"kubectl-edit\" using apps/v1 at 2026-01-01T00:00:00Z","field":".spec.replicas"},
              {"reason":"FieldManagerConflict","message":"conflict with \"hpa\" with subresource \"scale\" using apps/v1","field":".spec.template"}]}}
            """);
        var fault = await Assert.ThrowsAsync<KubernetesException>(() => applying);
        Assert.True(fault.IsConflict);
        Assert.Equal([new ApplyConflict("kubectl-edit", ".spec.replicas"), new ApplyConflict("hpa", ".spec.template")], fault.ApplyConflicts);
        Assert.Equal(("PATCH", "application/apply-patch+yaml"), (asked.Method, asked.MediaType));
        Assert.Equal("/at/all/api/v1/namespaces/a/pods/b?fieldManager=control&dryRun=All&fieldValidation=Strict&force=true", asked.Path);
    }

    [Theory]
    [InlineData(PatchType.Json, "application/json-patch+json")]
    [InlineData(PatchType.Merge, "application/merge-patch+json")]
    [InlineData(PatchType.StrategicMerge, "application/strategic-merge-patch+json")]
    public async Task Patch_Types(PatchType type, string mediaType)
    {
        var patching = _client.PatchAsync(FakeCluster.Pods, Key, type, "[]"u8.ToArray(), subresource: "status");
        var asked = await _cluster.AnswerAsync(200, Pod);
        await patching;
        Assert.Equal((mediaType, "/at/all/api/v1/namespaces/a/pods/b/status?fieldManager=control&fieldValidation=Strict"), (asked.MediaType, asked.Path));
    }

    [Fact]
    public async Task Delete_Options_InTheBody()
    {
        var deleting = _client.DeleteAsync(FakeCluster.Pods, Key, new DeleteOptions { Propagation = Propagation.Foreground, GracePeriodSeconds = 0, Uid = "u", ResourceVersion = "7", IsDryRun = true });
        await _cluster.AnswerAsync(200, Pod);
        await deleting;
        Assert.Equal(
            """{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Foreground","gracePeriodSeconds":0,"dryRun":["All"],"preconditions":{"uid":"u","resourceVersion":"7"}}""",
            _cluster.Bodies.Single());
        await Assert.ThrowsAsync<KubernetesException>(() => _client.DeleteAsync(FakeCluster.Pods, new ObjectKey("a", "")));
    }

    [Theory]
    [InlineData("<html>Bad gateway</html>", "Something before the API server answered with HTTP status 502: <html>Bad gateway</html>")]
    [InlineData("", "The API server answered with HTTP status 502.")]
    [InlineData("{\"kind\":\"Status\",\"message\":\"m\"}", "m")]
    [InlineData("{\"kind\":7}", "Something before the API server answered with HTTP status 502: {\"kind\":7}")]
    public async Task Answer_NoStatus_Told(string body, string message)
    {
        var asking = _client.CreateAsync(FakeCluster.Pods, "a", "{}"u8.ToArray());
        await _cluster.AnswerAsync(502, body);
        var fault = await Assert.ThrowsAsync<KubernetesException>(() => asking);
        Assert.Equal((502, message), (fault.Status.Code, fault.Message));
    }

    [Fact]
    public async Task Answer_NotJsonOrTooLong_Told()
    {
        var asking = _client.VersionAsync();
        await _cluster.AnswerAsync(200, "hello");
        Assert.Contains("is no API server", (await Assert.ThrowsAsync<KubernetesException>(() => asking)).Message, StringComparison.Ordinal);

        using var client = _cluster.Client(options: new ClientOptions { LargestAnswer = 1024 * 1024 });
        asking = client.VersionAsync();
        await _cluster.AnswerAsync(200, new string(' ', (1024 * 1024) + 1));
        Assert.Contains("longer than", (await Assert.ThrowsAsync<KubernetesException>(() => asking)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_Late_ToldAsUnreachable()
    {
        var clock = new ManualClock();
        using var client = _cluster.Client(time: clock);
        var asking = client.VersionAsync();
        await _cluster.NextAsync();
        clock.Advance(TimeSpan.FromSeconds(30));
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => asking)).IsUnreachable);
    }
}
