using System.Collections.Concurrent;
using System.Text;
using Control.Contracts.Clusters;
using Control.Contracts.Workspaces;
using Control.Kubernetes.Access;
using Control.Kubernetes.Client;
using Control.Storage.Secrets;
using Microsoft.Extensions.Logging;

namespace Control.Api.Clusters;

/// <summary>
/// This gateway's ways to the clusters. The cluster's grain is asked with every request whether the one that is known still holds: a
/// credential that was replaced, or a cluster that was forgotten, is not used once more.
/// </summary>
internal sealed partial class ClusterSessions(IGrainFactory grains, SecretBox secrets, TimeProvider time, ILogger<ClusterSessions> log) : IDisposable
{
    private readonly ConcurrentDictionary<string, ClusterSession> _sessions = new();

    /// <summary>Does something with a cluster.</summary>
    /// <exception cref="Control.Kubernetes.Errors.KubernetesException">The cluster refuses, or does not answer.</exception>
    public async Task<Results<T, ProblemResult>> UseAsync<T>(string cluster, Func<ClusterSession, Task<T>> use)
        where T : IResult
    {
        while (true)
        {
            var outcome = await OpenAsync(cluster);
            if (!outcome.Granted) return new ProblemResult(Problem.Of(outcome.Refusal));
            // Another request may have replaced it since.
            if (!outcome.Value.Use.TryEnter()) continue;
            try
            {
                return await use(outcome.Value);
            }
            finally
            {
                outcome.Value.Use.Leave();
            }
        }
    }

    public void Dispose()
    {
        foreach (var session in _sessions.Values) session.Use.Close();
    }

    private async Task<Outcome<ClusterSession>> OpenAsync(string cluster)
    {
        var known = _sessions.GetValueOrDefault(cluster);
        var outcome = await grains.GetGrain<IClusterGrain>(cluster).Access(known?.Access ?? 0);
        if (!outcome.Granted)
        {
            if (known is not null && _sessions.TryRemove(KeyValuePair.Create(cluster, known))) known.Use.Close();
            return outcome.Refusal;
        }

        if (outcome.Value.Secret is not { } secret) return known!;
        return Connect(cluster, outcome.Value.Number, secret) is { } client
            ? Keep(cluster, new ClusterSession(outcome.Value.Number, client, time))
            : Refusal.Conflict(ClusterReasons.AccessLost, $"The access to the cluster '{cluster}' cannot be opened: the key that sealed it is gone. Give the access again.", "");
    }

    // Of two that connect at once, and of two accesses, the newer one stays.
    private ClusterSession Keep(string cluster, ClusterSession session)
    {
        while (true)
        {
            var kept = _sessions.GetOrAdd(cluster, session);
            if (kept == session) return session;
            if (kept.Access >= session.Access)
            {
                session.Use.Close();
                return kept;
            }

            if (!_sessions.TryUpdate(cluster, session, kept)) continue;
            kept.Use.Close();
            return session;
        }
    }

    private KubernetesClient? Connect(string cluster, long number, SealedSecret secret)
    {
        try
        {
            var kubeconfig = Encoding.UTF8.GetString(secrets.Open(secret.Sealed, ClusterAccessSecret.Context(cluster)));
            return KubernetesClient.Create(Kubeconfig.ParseForeign(kubeconfig).Access(), time: time);
        }
        catch (Exception fault) when (fault is ControlException or KubeconfigException)
        {
            LogUnreadable(cluster, number, fault);
            return null;
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Access {Number} to cluster {Cluster} cannot be opened")]
    private partial void LogUnreadable(string cluster, long number, Exception fault);
}
