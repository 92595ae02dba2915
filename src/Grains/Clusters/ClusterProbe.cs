using System.Collections.Concurrent;
using System.Text;
using Control.Contracts.Clusters;
using Control.Contracts.Workspaces;
using Control.Grains.Durable;
using Control.Kubernetes.Access;
using Control.Kubernetes.Client;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Http;
using Control.Storage.Secrets;

namespace Control.Grains.Clusters;

/// <summary>
/// Asks clusters how they are, off the grains' turns and with a bound on how many at once; the answer goes back as a call. The smallest
/// question is asked every time, the others once a minute.
/// </summary>
internal sealed partial class ClusterProbe(IGrainFactory grains, SecretBox secrets, TimeProvider time, ILogger<ClusterProbe> log) : IDisposable
{
    private const int Concurrency = 32;
    private const int LargestAnswer = 16 * 1024 * 1024;
    private const int LongestMessage = 500;

    // A cluster that takes ten seconds is slow, not gone.
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan AllWithin = TimeSpan.FromSeconds(20);

    // A grain that cannot be reached, as while the database is away, is told again after this.
    private static readonly TimeSpan TellAgain = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _slots = new(Concurrency);
    private readonly CancellationTokenSource _ended = new();
    private readonly ConcurrentDictionary<(string Cluster, long Access), ClusterConnection> _connections = new();
    private readonly ConcurrentDictionary<(string Cluster, long Access), object> _asking = new();

    /// <summary>Asks a cluster unless that is under way with this access.</summary>
    public void Ask(string cluster, long access, SealedSecret? secret)
    {
        var ask = new object();
        // On the pool's own scheduler: it must not run inside the grain's turns.
        if (_asking.TryAdd((cluster, access), ask)) Task.Run(() => AskAsync((cluster, access), ask, secret)).Forget();
    }

    /// <summary>Closes the connections to a cluster; what is being asked there comes to nothing.</summary>
    public void Forget(string cluster)
    {
        foreach (var key in _asking.Keys.Where(key => key.Cluster == cluster)) _asking.TryRemove(key, out _);
        Close(key => key.Cluster == cluster);
    }

    /// <summary>Wakes a cluster's grain, however long that takes.</summary>
    public Task WakeAsync(string cluster) => TellAsync(cluster, grain => grain.Wake());

    public void Dispose()
    {
        _ended.Cancel();
        Close(_ => true);
        _slots.Dispose();
        _ended.Dispose();
    }

    private async Task AskAsync((string Cluster, long Access) key, object ask, SealedSecret? secret)
    {
        if (await AskInSlotAsync(key, ask, secret) is not { } report) return;
        if (report.Failure is { } failure) LogFailure(key.Cluster, failure.Code, failure.Message);
        await TellAsync(key.Cluster, grain => grain.Report(report));
    }

    // Null when nobody wants to know any more.
    private async Task<ClusterReport?> AskInSlotAsync((string Cluster, long Access) key, object ask, SealedSecret? secret)
    {
        await _slots.WaitAsync(_ended.Token);
        try
        {
            var report = IsWanted() ? await LookAsync(key, secret) : null;
            return IsWanted() ? report : null;
        }
        finally
        {
            _slots.Release();
            // Before the grain hears of it: who asks again at once must get an answer of its own.
            if (!_asking.TryRemove(KeyValuePair.Create(key, ask))) Close(other => other == key && !_asking.ContainsKey(key));
        }

        bool IsWanted() => _asking.TryGetValue(key, out var current) && current == ask;
    }

    private async Task TellAsync(string cluster, Func<IClusterGrain, Task> tell)
    {
        while (true)
        {
            try
            {
                await tell(grains.GetGrain<IClusterGrain>(cluster));
                return;
            }
            catch (Exception fault) when (fault is not OutOfMemoryException && !_ended.IsCancellationRequested)
            {
                LogNotTold(cluster, fault);
            }

            await Task.Delay(TellAgain, time, _ended.Token);
        }
    }

    private async Task<ClusterReport> LookAsync((string Cluster, long Access) key, SealedSecret? secret)
    {
        using var limit = new CancellationTokenSource(AllWithin, time);
        try
        {
            return new ClusterReport(key.Access, await Connect(key, secret).LookAsync(time, limit.Token), null, IsDefinite: false);
        }
        catch (KubernetesException fault)
        {
            return Failed(key.Access, Reason(fault), fault.Status.Code is 401 or 403);
        }
        catch (OperationCanceledException)
        {
            return Failed(key.Access, new ClusterReason(ClusterReasons.Unreachable, $"Its API server did not say how it is within {AllWithin.TotalSeconds:0} s."), isDefinite: false);
        }
        catch (Exception fault) when (fault is ControlException or KubeconfigException)
        {
            LogUnreadable(key.Cluster, fault);
            return Failed(
                key.Access, new ClusterReason(ClusterReasons.AccessLost, "The access to it cannot be opened: the key that sealed it is gone. Give the access again."), isDefinite: true);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // Whoever waits for the answer must get one.
            LogFailed(key.Cluster, fault);
            return Failed(key.Access, new ClusterReason(ClusterReasons.Failing, $"Asking it failed here: {fault.Message}"), isDefinite: false);
        }
    }

    // What a stranger says is cut: it is written down and shown.
    private static ClusterReport Failed(long access, ClusterReason reason, bool isDefinite) => new(
        access, null, reason.Message.Length <= LongestMessage ? reason : reason with { Message = $"{reason.Message[..LongestMessage]}…" }, isDefinite);

    private ClusterConnection Connect((string Cluster, long Access) key, SealedSecret? secret)
    {
        if (_connections.TryGetValue(key, out var known)) return known;
        if (secret is null) throw new ControlException("access-lost", $"The cluster '{key.Cluster}' has no access.");
        var kubeconfig = Encoding.UTF8.GetString(secrets.Open(secret.Sealed, ClusterAccessSecret.Context(key.Cluster)));
        var options = new ClientOptions { RequestTimeout = AnswerWithin, Tries = 1, LargestAnswer = LargestAnswer };
        // One ask at a time has this key.
        var connection = _connections[key] = new ClusterConnection(KubernetesClient.Create(Kubeconfig.ParseForeign(kubeconfig).Access(), options, time));
        Close(other => other.Cluster == key.Cluster && other.Access < key.Access);
        return connection;
    }

    private void Close(Func<(string Cluster, long Access), bool> which)
    {
        foreach (var key in _connections.Keys.Where(which))
        {
            if (_connections.TryRemove(key, out var connection)) connection.Close();
        }
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "The grain of cluster {Cluster} cannot be told; that is tried again every 5 s")]
    private partial void LogNotTold(string cluster, Exception fault);
}
