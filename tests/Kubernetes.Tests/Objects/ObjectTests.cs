using System.Text;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Tests.Objects;

public sealed class ObjectTests
{
    [Fact]
    public void Parse_Object_ItsHead()
    {
        var one = KubernetesObject.Parse("""{"metadata":{"labels":{"name":"no"},"name":"n","namespace":"s","uid":"u","resourceVersion":"7"},"kind":"K","spec":{"kind":"no"},"apiVersion":"g/v1"} """u8.ToArray());
        Assert.Equal(("g/v1", "K", "s/n", "u", "7"), (one.ApiVersion, one.Kind, one.Key.ToString(), one.Uid, one.ResourceVersion));
        Assert.Equal("no", one.Read().GetProperty("spec").GetProperty("kind").GetString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"kind\":\"K\"}")]
    [InlineData("{\"kind\":7,\"apiVersion\":\"v1\"}")]
    [InlineData("{\"kind\":\"K\",\"apiVersion\":\"v1\"} x")]
    [InlineData("{\"kind\":\"K\",\"apiVersion\":\"v1\"")]
    public void Parse_NoObject_Refused(string json) =>
        Assert.Equal(400, Assert.Throws<KubernetesException>(() => KubernetesObject.Parse(Encoding.UTF8.GetBytes(json))).Status.Code);

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("{\"items\":7}")]
    [InlineData("{\"items\":[{},7]}")]
    [InlineData("<html>Sign in</html>")]
    public async Task List_SomethingElse_IsNoEmptyList(string body)
    {
        using var cluster = new FakeCluster();
        using var client = cluster.Client();
        var listing = client.ListAsync(FakeCluster.Pods, "", new());
        await cluster.AnswerAsync(200, body);
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => listing)).IsUnreachable);
    }

    [Fact]
    public async Task List_Items_EachWithItsTypeAndPagesToTheEnd()
    {
        using var cluster = new FakeCluster();
        using var client = cluster.Client();
        var pages = client.ListPagesAsync(FakeCluster.Pods, "a", new() { Limit = 2, Selector = new("app=x,tier!=y") }).ToListAsync();
        var first = await cluster.AnswerAsync(200, """{"kind":"PodList","metadata":{"resourceVersion":"9","continue":"c/1","remainingItemCount":1},"items":[{"metadata":{"name":"x","namespace":"a"}}, {}]}""");
        var second = await cluster.AnswerAsync(200, """{"items":null,"metadata":{"resourceVersion":"9"}}""");
        var read = await pages;

        Assert.Equal("/at/all/api/v1/namespaces/a/pods?labelSelector=app%3Dx%2Ctier%21%3Dy&limit=2", first.Path);
        Assert.Equal("/at/all/api/v1/namespaces/a/pods?labelSelector=app%3Dx%2Ctier%21%3Dy&limit=2&continue=c%2F1", second.Path);
        Assert.Equal((2, "9", 1L), (read[0].Items.Length, read[0].ResourceVersion, read[0].Remaining!.Value));
        Assert.Equal("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","namespace":"a"}}""", Encoding.UTF8.GetString(read[0].Items[0].Json.Span));
        Assert.Equal("""{"apiVersion":"v1","kind":"Pod"}""", Encoding.UTF8.GetString(read[0].Items[1].Json.Span));
        Assert.Empty(read[1].Items);
    }
}
