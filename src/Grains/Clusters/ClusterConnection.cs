using System.Text.Json;
using Control.Contracts.Clusters;
using Control.Kubernetes.Client;
using Control.Kubernetes.Discovery;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Objects;

namespace Control.Grains.Clusters;

/// <summary>A client with one access, and what was last seen through it. Closed while it is being used, it ends after that.</summary>
internal sealed class ClusterConnection(KubernetesClient client)
{
    private const int NodesOnAPage = 100;
    private const int MostPages = 200;
    private const int LongestWord = 100;
    private const int MostApis = 50;

    private static readonly TimeSpan ThoroughEvery = TimeSpan.FromMinutes(1);

    private readonly SharedClient _shared = new(client);
    private ClusterFacts? _facts;
    private long _thorough;

    public void Close() => _shared.Close();

    /// <summary>Looks at the cluster.</summary>
    public async Task<ClusterFacts> LookAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(!_shared.TryEnter(), this);
        try
        {
            var began = time.GetTimestamp();
            var version = await client.VersionAsync(cancellationToken);
            var latency = (int)time.GetElapsedTime(began).TotalMilliseconds;
            if (_facts is null || time.GetElapsedTime(_thorough) >= ThoroughEvery)
            {
                _facts = await LookCloselyAsync(version, time, cancellationToken);
                _thorough = time.GetTimestamp();
            }

            return _facts with { At = time.GetUtcNow(), KubernetesVersion = Cut(version.GitVersion), LatencyMilliseconds = latency };
        }
        finally
        {
            _shared.Leave();
        }
    }

    private async Task<ClusterFacts> LookCloselyAsync(ServerVersion version, TimeProvider time, CancellationToken cancellationToken)
    {
        var catalog = await client.DiscoverAsync(cancellationToken);
        var (nodes, ready) = await CountNodesAsync(catalog.Find("v1", "Node"), cancellationToken);
        return new ClusterFacts(
            time.GetUtcNow(),
            Cut(version.GitVersion),
            Cut(version.Platform),
            catalog.Resources.Length,
            nodes,
            ready,
            await CountAsync(catalog.Find("v1", "Namespace"), cancellationToken),
            0,
            [.. catalog.Unavailable.Take(MostApis).Select(Cut)]);
    }

    private async Task<(int? All, int? Ready)> CountNodesAsync(ApiResource? kind, CancellationToken cancellationToken)
    {
        if (kind is null) return (null, null);
        var (all, ready) = (0, 0);
        try
        {
            await foreach (var page in client.ListPagesAsync(kind, "", new ListQuery { Limit = NodesOnAPage }, cancellationToken).Take(MostPages))
            {
                all += page.Items.Length;
                ready += page.Items.Count(IsReady);
            }
        }
        catch (KubernetesException fault) when (fault.Status.Code == 403)
        {
            return (null, null);
        }

        return (all, ready);
    }

    private async Task<int?> CountAsync(ApiResource? kind, CancellationToken cancellationToken)
    {
        if (kind is null) return null;
        try
        {
            var page = await client.ListAsync(kind, "", new ListQuery { Limit = 1 }, cancellationToken);
            return (int)Math.Clamp(page.Items.Length + (page.Remaining ?? 0), 0, int.MaxValue);
        }
        catch (KubernetesException fault) when (fault.Status.Code == 403)
        {
            return null;
        }
    }

    // What a stranger says is cut: it is written down and shown.
    private static string Cut(string text) => text.Length <= LongestWord ? text : text[..LongestWord];

    private static bool IsReady(KubernetesObject node) =>
        node.Read() is var root && root.TryGetProperty("status", out var status)
        && status.ValueKind == JsonValueKind.Object && status.TryGetProperty("conditions", out var conditions)
        && conditions.ValueKind == JsonValueKind.Array
        && conditions.EnumerateArray().Any(condition => Is(condition, "type", "Ready") && Is(condition, "status", "True"));

    private static bool Is(JsonElement owner, string name, string value) =>
        owner.ValueKind == JsonValueKind.Object && owner.TryGetProperty(name, out var found) && found.ValueKind == JsonValueKind.String && found.ValueEquals(value);
}
