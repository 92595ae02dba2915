using System.Collections.Concurrent;
using System.Text;
using Control.Contracts.Clusters;
using Control.Contracts.Workspaces;
using Control.Grains.Durable;
using Control.Kubernetes.Access;
using Control.Kubernetes.Client;
using Control.Kubernetes.Discovery;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Http;
using Control.Kubernetes.Objects;
using Control.Storage.Secrets;

namespace Control.Grains.Clusters;

/// <summary>
/// Asks clusters how they are, off the grains' turns and with a bound on how many at once; the answer goes back as a call. The smallest
/// question is asked every time, the others once a minute.
/// </summary>
internal sealed partial class ClusterProbe(IGrainFactory grains, SecretBox secrets, TimeProvider time, ILogger<ClusterProbe> log) : IDisposable
{
    private const int Concurrency = 32;
    private const int NodesOnAPage = 500;

    private static readonly TimeSpan ThoroughEvery = TimeSpan.FromMinutes(1);

    // A cluster that takes ten seconds is slow, not gone.
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(12);

    private readonly SemaphoreSlim _slots = new(Concurrency);
    private readonly ConcurrentDictionary<string, Connection> _connections = new();
    private readonly ConcurrentDictionary<(string, long), byte> _asking = new();

    /// <summary>Asks a cluster unless that is under way with this access.</summary>
    public void Ask(string cluster, long access, SealedSecret? secret)
    {
        // On the pool's own scheduler: it must not run inside the grain's turns.
        if (_asking.TryAdd((cluster, access), 0)) Task.Run(() => AskAsync(cluster, access, secret)).Forget();
    }

    /// <summary>Closes the connections to a cluster.</summary>
    public void Forget(string cluster)
    {
        if (_connections.TryRemove(cluster, out var connection)) connection.Dispose();
    }

    public void Dispose()
    {
        foreach (var cluster in _connections.Keys) Forget(cluster);
        _slots.Dispose();
    }

    private async Task AskAsync(string cluster, long access, SealedSecret? secret)
    {
        try
        {
            var report = await AskInSlotAsync(cluster, access, secret);
            if (report.Failure is { } failure) LogFailure(cluster, failure.Code, failure.Message);
            await grains.GetGrain<IClusterGrain>(cluster).Report(report);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogFailed(cluster, fault);
        }
    }

    private async Task<ClusterReport> AskInSlotAsync(string cluster, long access, SealedSecret? secret)
    {
        await _slots.WaitAsync();
        try
        {
            return await LookAsync(cluster, access, secret);
        }
        finally
        {
            _slots.Release();
            // Before the grain hears of it: who asks again at once must get an answer of its own.
            _asking.TryRemove((cluster, access), out _);
        }
    }

    private async Task<ClusterReport> LookAsync(string cluster, long access, SealedSecret? secret)
    {
        try
        {
            var connection = Connect(cluster, access, secret);
            return new ClusterReport(access, await connection.LookAsync(time), null, IsDefinite: false);
        }
        catch (KubernetesException fault)
        {
            return new ClusterReport(access, null, Reason(fault), fault.Status.Code is 401 or 403);
        }
        catch (Exception fault) when (fault is ControlException or KubeconfigException)
        {
            LogUnreadable(cluster, fault);
            return new ClusterReport(
                access, null, new ClusterReason(ClusterReasons.AccessLost, "The access to it cannot be opened: the key that sealed it is gone. Give the access again."), IsDefinite: true);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // Whoever waits for the answer must get one.
            LogFailed(cluster, fault);
            return new ClusterReport(access, null, new ClusterReason(ClusterReasons.Failing, $"Asking it failed here: {fault.Message}"), IsDefinite: false);
        }
    }

    private Connection Connect(string cluster, long access, SealedSecret? secret)
    {
        if (_connections.TryGetValue(cluster, out var known) && known.Access == access) return known;
        if (secret is null) throw new ControlException("access-lost", $"The cluster '{cluster}' has no access.");
        var kubeconfig = Encoding.UTF8.GetString(secrets.Open(secret.Sealed, ClusterAccessSecret.Context(cluster)));
        var options = new ClientOptions { RequestTimeout = AnswerWithin, Tries = 1 };
        var connection = new Connection(access, KubernetesClient.Create(Kubeconfig.ParseForeign(kubeconfig).Access(), options, time));
        Forget(cluster);
        _connections[cluster] = connection;
        return connection;
    }

    private static ClusterReason Reason(KubernetesException fault) => fault.Status.Code switch
    {
        0 => new ClusterReason(ClusterReasons.Unreachable, fault.Message),
        401 => new ClusterReason(ClusterReasons.Unauthorized, "It does not accept the credential. Give it another one."),
        403 => new ClusterReason(ClusterReasons.Forbidden, $"The credential may not even ask what kinds there are: {fault.Message}"),
        var code => new ClusterReason(ClusterReasons.Failing, $"Its API server answers with status {code}: {fault.Message}"),
    };

    [LoggerMessage(Level = LogLevel.Debug, Message = "Cluster {Cluster} is not as it should be: {Code}: {Reason}")]
    private partial void LogFailure(string cluster, string code, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The access to cluster {Cluster} cannot be opened")]
    private partial void LogUnreadable(string cluster, Exception fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Asking cluster {Cluster} failed; it is asked again within a minute")]
    private partial void LogFailed(string cluster, Exception fault);

    /// <summary>A client with one access, and what was last seen through it.</summary>
    private sealed class Connection(long access, KubernetesClient client) : IDisposable
    {
        private ClusterFacts? _facts;
        private long _thorough;

        public long Access => access;

        public void Dispose() => client.Dispose();

        public async Task<ClusterFacts> LookAsync(TimeProvider time)
        {
            var began = time.GetTimestamp();
            var version = await client.VersionAsync();
            var latency = (int)time.GetElapsedTime(began).TotalMilliseconds;
            if (_facts is null || time.GetElapsedTime(_thorough) >= ThoroughEvery)
            {
                _facts = await LookCloselyAsync(version, time);
                _thorough = time.GetTimestamp();
            }

            return _facts with { At = time.GetUtcNow(), KubernetesVersion = version.GitVersion, LatencyMilliseconds = latency };
        }

        private async Task<ClusterFacts> LookCloselyAsync(ServerVersion version, TimeProvider time)
        {
            var catalog = await client.DiscoverAsync();
            var (nodes, ready) = await CountNodesAsync(catalog.Find("v1", "Node"));
            return new ClusterFacts(
                time.GetUtcNow(), version.GitVersion, version.Platform, catalog.Resources.Length, nodes, ready, await CountAsync(catalog.Find("v1", "Namespace")), 0, catalog.Unavailable);
        }

        private async Task<(int? All, int? Ready)> CountNodesAsync(ApiResource? kind)
        {
            if (kind is null) return (null, null);
            var (all, ready) = (0, 0);
            try
            {
                await foreach (var page in client.ListPagesAsync(kind, "", new ListQuery { Limit = NodesOnAPage }))
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

        private async Task<int?> CountAsync(ApiResource? kind)
        {
            if (kind is null) return null;
            try
            {
                var page = await client.ListAsync(kind, "", new ListQuery { Limit = 1 });
                return page.Items.Length + (int)(page.Remaining ?? 0);
            }
            catch (KubernetesException fault) when (fault.Status.Code == 403)
            {
                return null;
            }
        }

        private static bool IsReady(KubernetesObject node)
        {
            var root = node.Read();
            return root.TryGetProperty("status", out var status) && status.TryGetProperty("conditions", out var conditions)
                && conditions.ValueKind == System.Text.Json.JsonValueKind.Array
                && conditions.EnumerateArray().Any(condition => condition.TryGetProperty("type", out var type) && type.ValueEquals("Ready")
                    && condition.TryGetProperty("status", out var value) && value.ValueEquals("True"));
        }
    }
}
