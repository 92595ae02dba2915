using Control.Kubernetes.Discovery;
using Control.Kubernetes.Errors;

namespace Control.Kubernetes.Tests.Discovery;

public sealed class DiscoveryTests
{
    [Fact]
    public async Task Discover_OldServer_EveryGroupVersionAskedAndBrokenOnesTold()
    {
        using var cluster = new FakeCluster();
        using var client = cluster.Client();
        var discovering = client.DiscoverAsync();
        await cluster.AnswerAsync(200, """{"kind":"APIVersions","versions":["v1"]}""");
        await cluster.AnswerAsync(200, """
            {"kind":"APIGroupList","groups":[
              {"name":"apps","versions":[{"version":"v1beta1"},{"version":"v1"}],"preferredVersion":{"version":"v1"}},
              {"name":"metrics.k8s.io","versions":[{"version":"v1beta1"}]}]}
            """);
        for (var i = 0; i < 4; i++)
        {
            var asked = await cluster.NextAsync();
            asked.Answer(asked.Path.Contains("metrics", StringComparison.Ordinal) ? 503 : 200, asked.Path switch
            {
                "/at/all/api/v1" => """{"resources":[{"name":"pods","singularName":"pod","kind":"Pod","namespaced":true,"verbs":["get","list"],"shortNames":["po"]},{"name":"pods/log","kind":"Pod"},{"name":"nodes","kind":"Node","namespaced":false}]}""",
                "/at/all/apis/apps/v1" => """{"resources":[{"name":"deployments","kind":"Deployment","namespaced":true,"shortNames":["deploy"],"categories":["all"]},{"name":"deployments/scale","kind":"Scale"},{"name":"deployments/status","kind":"Deployment"}]}""",
                "/at/all/apis/apps/v1beta1" => """{"resources":[{"name":"deployments","kind":"Deployment","namespaced":true}]}""",
                _ => "",
            });
        }

        var catalog = await discovering;
        Assert.Equal(["v1 Pod", "v1 Node", "apps/v1 Deployment", "apps/v1beta1 Deployment"], catalog.Resources.Select(kind => kind.ToString()));
        Assert.Equal("metrics.k8s.io/v1beta1", Assert.Single(catalog.Unavailable));
        Assert.Equal("log", Assert.Single(catalog.Find("po")!.Subresources));
        Assert.Equal("scale status", string.Join(' ', catalog.Find("deploy")!.Subresources));
    }

    [Fact]
    public async Task Discover_NewServer_TwoQuestions()
    {
        using var cluster = new FakeCluster();
        using var client = cluster.Client();
        var discovering = client.DiscoverAsync();
        var asked = await cluster.AnswerAsync(200, """{"kind":"APIGroupDiscoveryList","items":[{"metadata":{},"versions":[{"version":"v1","freshness":"Current","resources":[{"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced","singularResource":"pod","verbs":["watch"],"subresources":[{"subresource":"exec"}]}]}]}]}""");
        await cluster.AnswerAsync(200, """{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"x.io"},"versions":[{"version":"v2","freshness":"Stale","resources":[]}]},{"metadata":{"name":"y.io"},"versions":[{"version":"v1","resources":[{"resource":"things","responseKind":{"kind":"Thing"},"scope":"Cluster"}]}]}]}""");
        var catalog = await discovering;
        Assert.Contains("APIGroupDiscoveryList", asked.Header("Accept"), StringComparison.Ordinal);
        Assert.Equal(["v1 Pod", "y.io/v1 Thing"], catalog.Resources.Select(kind => kind.ToString()));
        Assert.Equal("x.io/v2", Assert.Single(catalog.Unavailable));
        Assert.True(catalog.Find("Pod") is { IsNamespaced: true } pods && pods.Can("watch") && pods.Subresources.Single() == "exec");
    }

    [Theory]
    [InlineData("pods", "v1 Pod")]
    [InlineData("PO", "v1 Pod")]
    [InlineData("event", "v1 Event")]
    [InlineData("events.events.k8s.io", "events.k8s.io/v1 Event")]
    [InlineData("events.v1beta1.events.k8s.io", "events.k8s.io/v1beta1 Event")]
    [InlineData("pods.v1", "v1 Pod")]
    [InlineData("nothing", null)]
    [InlineData("pods.nothing", null)]
    public void Find_AsPeopleCallIt(string name, string? kind) => Assert.Equal(kind, new ApiCatalog(
        [
            FakeCluster.Pods with { ShortNames = ["po"] },
            FakeCluster.Pods with { Name = "events", Singular = "event", Kind = "Event" },
            FakeCluster.Pods with { Group = "events.k8s.io", Name = "events", Singular = "event", Kind = "Event" },
            FakeCluster.Pods with { Group = "events.k8s.io", Version = "v1beta1", Name = "events", Kind = "Event" },
        ],
        []).Find(name)?.ToString());

    [Theory]
    [InlineData("a", "b", "log", "/api/v1/namespaces/a/pods/b/log")]
    [InlineData("", "", "", "/api/v1/pods")]
    [InlineData("a", "b c?d#e", "", "/api/v1/namespaces/a/pods/b%20c%3Fd%23e")]
    public void Path_Names_Escaped(string space, string name, string subresource, string path) => Assert.Equal(path, FakeCluster.Pods.Path(space, name, subresource));

    [Theory]
    [InlineData("..", "b", "")]
    [InlineData("a", "..", "")]
    [InlineData("a", "b/../../c", "")]
    [InlineData("a", "b%2f", "")]
    [InlineData("a", "b", ".")]
    [InlineData("", "b", "")]
    public void Path_NamesThatLeadElsewhere_Refused(string space, string name, string subresource) =>
        Assert.Equal(400, Assert.Throws<KubernetesException>(() => FakeCluster.Pods.Path(space, name, subresource)).Status.Code);

    [Fact]
    public void Path_NamespaceOfAKindWithout_Refused() => Assert.Throws<KubernetesException>(() => FakeCluster.Nodes.Path("a"));
}
