using System.Text;
using System.Text.Json.Nodes;
using Control.Kubernetes.Client;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Objects;

namespace Control.Cluster.Tests;

public sealed class ObjectTests(RealCluster cluster) : IClassFixture<RealCluster>
{
    [Fact]
    public async Task Discover_KindsOfTheServer()
    {
        Assert.StartsWith("v1.", (await cluster.Client.VersionAsync()).GitVersion, StringComparison.Ordinal);
        Assert.Empty(cluster.Catalog.Unavailable);
        var deployments = cluster.Kind("deploy");
        Assert.Equal(("apps/v1", "Deployment", true), (deployments.ApiVersion, deployments.Kind, deployments.IsNamespaced));
        Assert.Contains("scale", deployments.Subresources);
        Assert.True(deployments.Can("watch"));
        Assert.False(cluster.Kind("Node").IsNamespaced);
        Assert.NotNull(cluster.Catalog.Find("batch/v1", "Job"));
    }

    [Fact]
    public async Task Object_CreatedReadChangedAndDeleted()
    {
        var (space, kind) = (await cluster.NamespaceAsync(), cluster.Kind("configmaps"));
        var key = new ObjectKey(space, "one");
        var created = await cluster.Client.CreateAsync(kind, space, RealCluster.ConfigMap("one"));
        Assert.Equal(key, created.Key);
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => cluster.Client.CreateAsync(kind, space, RealCluster.ConfigMap("one")))).IsConflict);

        var merged = await cluster.Client.PatchAsync(kind, key, PatchType.Merge, """{"data":{"value":"2"}}"""u8.ToArray());
        Assert.Equal("2", Value(merged));
        Assert.Equal("3", Value(await cluster.Client.PatchAsync(kind, key, PatchType.Json, """[{"op":"replace","path":"/data/value","value":"3"}]"""u8.ToArray())));
        Assert.Equal("4", Value(await cluster.Client.PatchAsync(kind, key, PatchType.StrategicMerge, """{"data":{"value":"4"}}"""u8.ToArray())));

        // The version it had at first is no longer its own.
        var late = await Assert.ThrowsAsync<KubernetesException>(() => cluster.Client.ReplaceAsync(kind, key, created.Json));
        Assert.Equal((409, "Conflict"), (late.Status.Code, late.Status.Reason));
        var now = await cluster.Client.GetAsync(kind, key);
        Assert.Equal("4", Value(now));
        Assert.NotEqual(now.ResourceVersion, (await cluster.Client.ReplaceAsync(kind, key, Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(now.Json.Span).Replace("\"value\":\"4\"", "\"value\":\"5\"", StringComparison.Ordinal)))).ResourceVersion);

        await cluster.Client.DeleteAsync(kind, key, new DeleteOptions { IsDryRun = true });
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => cluster.Client.DeleteAsync(kind, key, new DeleteOptions { Uid = "another" }))).IsConflict);
        await cluster.Client.DeleteAsync(kind, key, new DeleteOptions { Uid = now.Uid });
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => cluster.Client.GetAsync(kind, key))).IsNotFound);
    }

    [Fact]
    public async Task Table_AsTheServerPrintsAKind_PageByPage()
    {
        var (space, kind) = (await cluster.NamespaceAsync(), cluster.Kind("configmaps"));
        foreach (var name in (string[])["a", "b", "c"]) await cluster.Client.CreateAsync(kind, space, RealCluster.ConfigMap(name));

        var first = await cluster.Client.TableAsync(kind, space, new ListQuery { Limit = 2 });
        Assert.Equal(["Name", "Data", "Age"], first.Columns.Select(column => column.Name));
        Assert.Equal(2, first.Rows.Length);
        var rest = await cluster.Client.TableAsync(kind, space, new ListQuery { Limit = 100, Continue = first.Continue });
        Assert.Empty(rest.Continue);
        var rows = first.Rows.Concat(rest.Rows).Where(row => row.Key.Name.Length == 1).ToList();
        Assert.Equal(["a", "b", "c"], rows.Select(row => row.Key.Name));
        Assert.All(rows, row => Assert.Equal((space, row.Key.Name, 1, true), (row.Key.Namespace, row.Cells[0].GetString()!, row.Cells[1].GetInt32(), row.CreatedAt is not null)));
        Assert.Contains("Status", (await cluster.Client.TableAsync(cluster.Kind("pods"), "", new ListQuery())).Columns.Select(column => column.Name));
    }

    [Fact]
    public async Task Changes_OfADryRun_AreThoseOfTheApplyAfterIt()
    {
        var (space, kind) = (await cluster.NamespaceAsync(), cluster.Kind("deploy"));
        var key = new ObjectKey(space, "web");
        var created = await cluster.Client.ApplyAsync(kind, key, Deployment("one"));
        Assert.Contains("spec.strategy.type", ObjectChanges.Between(null, created).Select(change => change.Path));

        var would = await cluster.Client.ApplyAsync(kind, key, Deployment("two"), new WriteOptions { IsDryRun = true });
        Assert.Equal(["spec.template.spec.containers[0].image"], ObjectChanges.Between(await cluster.Client.GetAsync(kind, key), would).Select(change => change.Path));
        var before = await cluster.Client.GetAsync(kind, key);
        var did = await cluster.Client.ApplyAsync(kind, key, Deployment("two"));
        Assert.Equal(["spec.template.spec.containers[0].image: one > two"], ObjectChanges.Between(before, did).Select(change => $"{change.Path}: {change.Before} > {change.After}"));
        Assert.Empty(ObjectChanges.Between(did, await cluster.Client.ApplyAsync(kind, key, Deployment("two"))));
    }

    private static byte[] Deployment(string image)
    {
        var json = JsonNode.Parse(
            """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c"}]}}}}""")!;
        json["spec"]!["template"]!["spec"]!["containers"]![0]!["image"] = image;
        return RealCluster.Json(json);
    }

    [Fact]
    public async Task List_PagesAndSelectors()
    {
        var (space, kind) = (await cluster.NamespaceAsync(), cluster.Kind("configmaps"));
        for (var i = 0; i < 25; i++)
        {
            var json = JsonNode.Parse(RealCluster.ConfigMap($"c{i:00}"))!;
            json["metadata"]!["labels"] = new JsonObject { ["half"] = i % 2 == 0 ? "even" : "odd" };
            await cluster.Client.CreateAsync(kind, space, RealCluster.Json(json));
        }

        var query = new ListQuery { Limit = 5, Selector = new Selector("half in (even)") };
        var pages = await cluster.Client.ListPagesAsync(kind, space, query).ToListAsync();
        Assert.Equal(Enumerable.Range(0, 13).Select(i => $"c{i * 2:00}"), pages.SelectMany(page => page.Items).Select(one => one.Key.Name).Where(name => name.StartsWith('c')));
        Assert.Equal([5, 5, 3], pages.Select(page => page.Items.Length));
        Assert.All(pages.SelectMany(page => page.Items), one => Assert.Equal(("v1", "ConfigMap"), (one.ApiVersion, one.Kind)));
        Assert.Equal("c07", Assert.Single((await cluster.Client.ListAsync(kind, space, new ListQuery { Selector = new Selector(Fields: "metadata.name=c07") })).Items).Key.Name);

        await cluster.Client.CreateAsync(kind, space, RealCluster.ConfigMap("later"));
        await RealCluster.CompactAsync();
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => cluster.Client.ListAsync(kind, space, query with { Continue = pages[0].Continue }))).IsExpired);
    }

    [Fact]
    public async Task Apply_FieldsOfOthers_ConflictNamesThemAndForceTakesThem()
    {
        var (space, kind) = (await cluster.NamespaceAsync(), cluster.Kind("deployments"));
        var key = new ObjectKey(space, "web");
        var dry = await cluster.Client.ApplyAsync(kind, key, RealCluster.Deployment("web", 0), new WriteOptions { FieldManager = "first", IsDryRun = true });
        Assert.Equal("web", dry.Key.Name);
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => cluster.Client.GetAsync(kind, key))).IsNotFound);

        await cluster.Client.ApplyAsync(kind, key, RealCluster.Deployment("web", 0), new WriteOptions { FieldManager = "first" });
        var fault = await Assert.ThrowsAsync<KubernetesException>(() => cluster.Client.ApplyAsync(kind, key, RealCluster.Deployment("web", 1), new WriteOptions { FieldManager = "second" }));
        Assert.Equal([new ApplyConflict("first", ".spec.replicas")], fault.ApplyConflicts);
        var forced = await cluster.Client.ApplyAsync(kind, key, RealCluster.Deployment("web", 1), new WriteOptions { FieldManager = "second", Force = true });
        Assert.Equal(1, forced.Read().GetProperty("spec").GetProperty("replicas").GetInt32());
    }

    [Fact]
    public async Task Apply_Invalid_FieldsNamed()
    {
        var space = await cluster.NamespaceAsync();
        var fault = await Assert.ThrowsAsync<KubernetesException>(() => cluster.Client.CreateAsync(cluster.Kind("deployments"), space, RealCluster.Deployment("Not A Name", -1)));
        Assert.Equal((422, "Invalid"), (fault.Status.Code, fault.Status.Reason));
        Assert.Contains("metadata.name", fault.Status.Causes.Select(cause => cause.Field));
        Assert.Contains("spec.replicas", fault.Status.Causes.Select(cause => cause.Field));
    }

    [Fact]
    public async Task Subresources_ScaleLogEvictionAndForegroundDeletion()
    {
        var (space, kind) = (await cluster.NamespaceAsync(), cluster.Kind("deployments"));
        var key = new ObjectKey(space, "web");
        await cluster.Client.CreateAsync(kind, space, RealCluster.Deployment("web", 1));
        var scale = await cluster.Client.PatchAsync(kind, key, PatchType.Merge, """{"spec":{"replicas":2}}"""u8.ToArray(), subresource: "scale");
        Assert.Equal("Scale", scale.Kind);
        await cluster.UntilAsync("pods", space, pods => pods.Count(IsRunning) == 2);

        var pod = (await cluster.Client.ListAsync(cluster.Kind("pods"), space, new ListQuery())).Items[0];
        using (var log = await cluster.Client.OpenAsync($"{cluster.Kind("pods").Path(space, pod.Key.Name, "log")}?tailLines=5"))
        using (var text = new StreamReader(log))
        {
            Assert.Equal("", await text.ReadToEndAsync());
        }

        var eviction = new JsonObject { ["apiVersion"] = "policy/v1beta1", ["kind"] = "Eviction", ["metadata"] = new JsonObject { ["name"] = pod.Key.Name } };
        await cluster.Client.CreateAsync(cluster.Kind("pods"), pod.Key, "eviction", RealCluster.Json(eviction));
        await cluster.UntilAsync("pods", space, pods => pods.All(one => one.Uid != pod.Uid) && pods.Count(IsRunning) == 2);

        await cluster.Client.DeleteAsync(kind, key, new DeleteOptions { Propagation = Propagation.Foreground });
        await cluster.UntilAsync("deployments", space, deployments => deployments.Count == 0);
        Assert.Empty((await cluster.Client.ListAsync(cluster.Kind("replicasets"), space, new ListQuery())).Items);
    }

    [Fact]
    public async Task CustomResource_DiscoveredAndUsedLikeAnyOther()
    {
        var space = await cluster.NamespaceAsync();
        var group = $"g{Guid.NewGuid():N}.example.com";
        await cluster.Client.CreateAsync(cluster.Kind("customresourcedefinitions"), "", Encoding.UTF8.GetBytes($$"""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"things.{{group}}"},"spec":{"group":"{{group}}","scope":"Namespaced",
             "names":{"plural":"things","kind":"Thing"},"versions":[{"name":"v1","served":true,"storage":true,
             "schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true} } }] } }
            """));
        await cluster.UntilAsync("customresourcedefinitions", "", all => all.Any(one => one.Key.Name == $"things.{group}" && Encoding.UTF8.GetString(one.Json.Span).Contains("\"Established\"", StringComparison.Ordinal)));
        var found = (await cluster.Client.DiscoverAsync()).Find($"things.{group}");
        Assert.NotNull(found);
        await cluster.Client.CreateAsync(found, space, Encoding.UTF8.GetBytes($$"""{"apiVersion":"{{group}}/v1","kind":"Thing","metadata":{"name":"t"},"size":7}"""));
        Assert.Equal(7, (await cluster.Client.GetAsync(found, new ObjectKey(space, "t"))).Read().GetProperty("size").GetInt32());
        await cluster.Client.DeleteAsync(cluster.Kind("customresourcedefinitions"), new ObjectKey("", $"things.{group}"));
    }

    private static bool IsRunning(KubernetesObject pod) => pod.Read().GetProperty("status") is var status && status.TryGetProperty("phase", out var phase) && phase.GetString() == "Running";

    private static string Value(KubernetesObject map) => map.Read().GetProperty("data").GetProperty("value").GetString()!;
}
