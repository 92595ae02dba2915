using System.Text;
using System.Text.Json.Nodes;
using Control.Kubernetes.Access;
using Control.Kubernetes.Client;
using Control.Kubernetes.Discovery;
using Control.Kubernetes.Objects;

namespace Control.Cluster.Tests;

/// <summary>The cluster that KUBECONFIG names, which build/kube starts; each test has a namespace of its own in it.</summary>
public sealed class RealCluster : IAsyncLifetime, IDisposable
{
    /// <summary>All waits end by then.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly string Kubeconfig = Environment.GetEnvironmentVariable("KUBECONFIG")
        ?? throw new InvalidOperationException("These tests need a real Kubernetes. Run: build/kube build/test tests/Cluster.Tests");

    public ClusterAccess Access { get; } = Kubernetes.Access.Kubeconfig.Load(Kubeconfig).Access();

    public KubernetesClient Client { get; private set; } = null!;

    public ApiCatalog Catalog { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Client = KubernetesClient.Create(Access);
        Catalog = await Client.DiscoverAsync();
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => Client.Dispose();

    public ApiResource Kind(string name) => Catalog.Find(name) ?? throw new InvalidOperationException($"The cluster has no {name}.");

    /// <summary>A new namespace, where service accounts work.</summary>
    public async Task<string> NamespaceAsync()
    {
        var name = $"t-{Guid.NewGuid():N}";
        await Client.CreateAsync(Kind("namespaces"), "", Json(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = name } }));
        // Its controllers give it one: until then, nobody can be somebody there.
        await UntilAsync("serviceaccounts", name, objects => objects.Any(one => one.Key.Name == "default"));
        return name;
    }

    /// <summary>Watches until a kind's objects are as wanted.</summary>
    public async Task UntilAsync(string kind, string space, Func<IReadOnlyCollection<KubernetesObject>, bool> isWanted)
    {
        var cache = new Kubernetes.Watching.ObjectCache();
        using var end = new CancellationTokenSource(Limit);
        try
        {
            await new Kubernetes.Watching.ObjectWatch(Client, Kind(kind), space, Kubernetes.Client.Selector.All, TimeProvider.System).RunAsync(
                update =>
                {
                    cache.Apply(update);
                    if (isWanted(cache.Objects)) throw new WantedException();
                    return ValueTask.CompletedTask;
                },
                end.Token);
        }
        catch (WantedException)
        {
            // It is so.
        }
    }

    public static byte[] Json(JsonNode node) => Encoding.UTF8.GetBytes(node.ToJsonString());

    public static byte[] ConfigMap(string name, string value = "1") => Json(new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "ConfigMap",
        ["metadata"] = new JsonObject { ["name"] = name },
        ["data"] = new JsonObject { ["value"] = value },
    });

    /// <summary>Pods that need no image but the one every cluster has.</summary>
    public static byte[] Deployment(string name, int replicas) => Encoding.UTF8.GetBytes($$$"""
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"{{{name}}}"},"spec":{"replicas":{{{replicas}}},
         "selector":{"matchLabels":{"app":"{{{name}}}"}},"template":{"metadata":{"labels":{"app":"{{{name}}}"}},
         "spec":{"terminationGracePeriodSeconds":0,"containers":[{"name":"main","image":"localhost:5000/pause:1"}]} } } }
        """);

    /// <summary>Makes the cluster's store forget all versions before the present one.</summary>
    public static async Task CompactAsync()
    {
        using var etcd = new HttpClient { BaseAddress = new Uri("http://127.0.0.1:2379") };
        using var range = await etcd.PostAsync(new Uri("/v3/kv/range", UriKind.Relative), new StringContent("""{"key":"AA=="}"""));
        var revision = JsonNode.Parse(await range.Content.ReadAsStringAsync())!["header"]!["revision"]!.GetValue<string>();
        using var compaction = await etcd.PostAsync(new Uri("/v3/kv/compaction", UriKind.Relative), new StringContent(new JsonObject { ["revision"] = revision }.ToJsonString()));
        compaction.EnsureSuccessStatusCode();
    }

    private sealed class WantedException : Exception;
}
