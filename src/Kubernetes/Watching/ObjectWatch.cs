using System.Collections.Immutable;
using Control.Kubernetes.Client;
using Control.Kubernetes.Discovery;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Watching;

/// <summary>
/// Follows the objects of a kind for as long as it is wanted: lists them, watches from there, and lists again after anything that leaves a
/// doubt: a version no longer known, a broken connection, silence. Only a watch that the server ended in its time goes on where it was.
/// </summary>
/// <param name="client">The cluster.</param>
/// <param name="kind">The kind.</param>
/// <param name="space">Of one namespace; empty for all.</param>
/// <param name="selector">Which objects.</param>
/// <param name="time">The clock of its waits.</param>
public sealed class ObjectWatch(KubernetesClient client, ApiResource kind, string space, Selector selector, TimeProvider time)
{
    /// <summary>Objects on a page of the list: as many as kubectl asks for.</summary>
    internal const int PageSize = 500;

    private const int MostObjects = 500_000;

    // Servers send a bookmark every minute where nothing else happens (apiserver, storage/cacher, defaultBookmarkFrequency).
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // A watch that ends sooner did not work.
    private static readonly TimeSpan Worth = TimeSpan.FromSeconds(5);

    /// <summary>Runs until cancelled.</summary>
    /// <param name="tell">Told one update after the other, each once the one before has been taken; what it throws ends the watch.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async Task RunAsync(Func<WatchUpdate, ValueTask> tell, CancellationToken cancellationToken)
    {
        var (version, failures) = ("", 0);
        while (true)
        {
            var began = time.GetTimestamp();
            try
            {
                if (version.Length == 0) version = await ListAsync(tell, cancellationToken).ConfigureAwait(false);
                version = await FollowAsync(version, tell, cancellationToken).ConfigureAwait(false);
            }
            catch (KubernetesException fault)
            {
                version = "";
                // A forgotten version is no failure: the list that follows sets it right.
                if (!fault.IsExpired) await tell(new WatchUpdate.Lost(fault)).ConfigureAwait(false);
            }

            failures = time.GetElapsedTime(began) < Worth ? failures + 1 : 0;
            if (failures > 0) await Task.Delay(Pause(failures), time, cancellationToken).ConfigureAwait(false);
        }
    }

    internal static TimeSpan Pause(int failures) =>
        TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, ShortestPause.Ticks << Math.Min(failures - 1, 10))) * (0.75 + (Random.Shared.NextDouble() / 4));

    private async Task<string> ListAsync(Func<WatchUpdate, ValueTask> tell, CancellationToken cancellationToken)
    {
        var objects = ImmutableArray.CreateBuilder<KubernetesObject>();
        var query = new ListQuery { Selector = selector, Limit = PageSize };
        var pages = 0;
        while (true)
        {
            ObjectPage page;
            try
            {
                page = await client.ListAsync(kind, space, query, cancellationToken).ConfigureAwait(false);
            }
            catch (KubernetesException fault) when (fault.IsExpired && query.Limit > 0)
            {
                // The pages took longer than the server remembers: all at once, then.
                objects.Clear();
                query = new ListQuery { Selector = selector };
                continue;
            }

            objects.AddRange(page.Items);
            pages++;
            if (objects.Count > MostObjects || pages > MostObjects / PageSize * 2) throw KubernetesException.Unreachable($"There are more than {MostObjects} {kind.FullName}: they are not followed.");
            query = query with { Continue = page.Continue };
            if (page.Continue.Length > 0) continue;
            await tell(new WatchUpdate.Snapshot(objects.DrainToImmutable(), page.ResourceVersion)).ConfigureAwait(false);
            return page.ResourceVersion;
        }
    }

    // Returns the version up to which everything was told, once the server has ended the watch.
    private async Task<string> FollowAsync(string version, Func<WatchUpdate, ValueTask> tell, CancellationToken cancellationToken)
    {
        using var silence = new CancellationTokenSource(Silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, cancellationToken);
        try
        {
            // Between five and ten minutes, so that many watches do not begin anew together.
            var lasting = TimeSpan.FromMinutes(5 * (1 + Random.Shared.NextDouble()));
            await foreach (var change in client.WatchAsync(kind, space, selector, version, lasting, either.Token).ConfigureAwait(false))
            {
                silence.CancelAfter(Silence);
                version = change.Object.ResourceVersion;
                if (change.Type != WatchEventType.Bookmark) await tell(new WatchUpdate.Change(change)).ConfigureAwait(false);
            }

            return version;
        }
        catch (OperationCanceledException fault) when (!cancellationToken.IsCancellationRequested)
        {
            throw KubernetesException.Unreachable($"The watch of {kind.FullName} was silent for {Silence.TotalSeconds:0} s.", fault);
        }
    }
}
