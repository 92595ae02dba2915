using Control.Kubernetes.Client;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Http;
using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Tests.Http;

public sealed class RetryTests : IDisposable
{
    private static readonly ObjectKey Key = new("a", "b");
    private static readonly byte[] Pod = """{"apiVersion":"v1","kind":"Pod"}"""u8.ToArray();
    private readonly FakeCluster _cluster = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task Read_BrokenBusyAndOverloaded_AskedAgain()
    {
        using var client = _cluster.Client();
        var reading = client.GetAsync(FakeCluster.Pods, Key);
        (await _cluster.NextAsync()).Break();
        await _cluster.AnswerAsync(429, "", retryAfter: "0");
        await _cluster.AnswerAsync(503, "", retryAfter: "0");
        await _cluster.AnswerAsync(200, """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"b"}}""");
        Assert.Equal("b", (await reading).Key.Name);
    }

    [Fact]
    public async Task Write_ThatMayHaveBeenDone_NotAskedAgain()
    {
        using var client = _cluster.Client();
        var creating = client.CreateAsync(FakeCluster.Pods, "a", Pod);
        await _cluster.AnswerAsync(429, "", retryAfter: "0");
        await _cluster.AnswerAsync(500, """{"kind":"Status","reason":"InternalError","message":"etcdserver: leader changed"}""", retryAfter: "0");
        var fault = await Assert.ThrowsAsync<KubernetesException>(() => creating);
        Assert.Equal((500, "InternalError"), (fault.Status.Code, fault.Status.Reason));

        var broken = client.CreateAsync(FakeCluster.Pods, "a", Pod);
        (await _cluster.NextAsync()).Break();
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => broken)).IsUnreachable);

        var deleting = client.DeleteAsync(FakeCluster.Pods, Key);
        await _cluster.AnswerAsync(503, "", retryAfter: "0");
        await _cluster.AnswerAsync(200, """{"apiVersion":"v1","kind":"Status"}""");
        Assert.Equal("Status", (await deleting).Kind);
    }

    [Fact]
    public async Task Read_RefusedForLongOrOften_SaysWhenToComeBack()
    {
        using var client = _cluster.Client(options: new ClientOptions { Tries = 2 });
        var wished = client.VersionAsync();
        await _cluster.AnswerAsync(429, "busy", retryAfter: "60");
        Assert.Equal(TimeSpan.FromSeconds(60), (await Assert.ThrowsAsync<KubernetesException>(() => wished)).Status.RetryAfter);

        var often = client.VersionAsync();
        await _cluster.AnswerAsync(429, "", retryAfter: "0");
        await _cluster.AnswerAsync(429, """{"kind":"Status","code":429,"details":{"retryAfterSeconds":3}}""", retryAfter: "0");
        Assert.Equal(TimeSpan.FromSeconds(3), (await Assert.ThrowsAsync<KubernetesException>(() => often)).Status.RetryAfter);
    }
}
