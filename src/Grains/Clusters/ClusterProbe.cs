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
    private readonly ConcurrentDictionary<Question, byte> _asking = new();

    /// <summary>Asks a cluster.</summary>
    /// <param name="cluster">Which.</param>
    /// <param name="access">The number of its access; of the same number, the same access.</param>
    /// <param name="secret">The access.</param>
    /// <param name="number">The question's, which the report has.</param>
    public void Ask(string cluster, long access, SealedSecret? secret, long number)
    {
        var question = new Question(cluster, access, number);
        _asking[question] = 0;
        // On the pool's own scheduler: it must not run inside the grain's turns.
        Task.Run(() => AskAsync(question, secret)).Forget();
    }

    /// <summary>Closes the connections to a cluster; what is being asked there comes to nothing.</summary>
    public void Forget(string cluster)
    {
        foreach (var question in _asking.Keys.Where(question => question.Cluster == cluster)) _asking.TryRemove(question, out _);
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

    private async Task AskAsync(Question question, SealedSecret? secret)
    {
        if (await AskInSlotAsync(question, secret) is not { } report) return;
        if (report.Failure is { } failure) LogFailure(question.Cluster, failure.Code, failure.Message);
        await TellAsync(question.Cluster, grain => grain.Report(report));
    }

    // Null when nobody wants to know any more.
    private async Task<ClusterReport?> AskInSlotAsync(Question question, SealedSecret? secret)
    {
        var key = (question.Cluster, question.Access);
        await _slots.WaitAsync(_ended.Token);
        try
        {
            if (!_asking.ContainsKey(question)) return null;
            var report = await LookAsync(key, secret);
            return _asking.ContainsKey(question) ? report with { Question = question.Number } : null;
        }
        finally
        {
            _slots.Release();
            // Forgotten meanwhile, after which it may have connected.
            if (!_asking.TryRemove(question, out _) && !_asking.Keys.Any(other => (other.Cluster, other.Access) == key)) Close(other => other == key);
        }
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
        var connection = new ClusterConnection(KubernetesClient.Create(Kubeconfig.ParseForeign(kubeconfig).Access(), options, time));
        var used = _connections.GetOrAdd(key, connection);
        // Two questions may connect at once.
        if (used != connection) connection.Close();
        Close(other => other.Cluster == key.Cluster && other.Access < key.Access);
        return used;
    }

    private void Close(Func<(string Cluster, long Access), bool> which)
    {
        foreach (var key in _connections.Keys.Where(which))
        {
            if (_connections.TryRemove(key, out var connection)) connection.Close();
        }
    }

    private readonly record struct Question(string Cluster, long Access, long Number);

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
