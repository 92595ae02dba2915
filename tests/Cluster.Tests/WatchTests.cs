using System.Collections.Concurrent;
using System.Diagnostics;
using Control.Kubernetes.Client;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Objects;
using Control.Kubernetes.Watching;

namespace Control.Cluster.Tests;

public sealed class WatchTests(RealCluster cluster) : IClassFixture<RealCluster>
{
    [Fact]
    public async Task Watch_EveryChangeToldOnce()
    {
        var (space, kind) = (await cluster.NamespaceAsync(), cluster.Kind("configmaps"));
        await using var follower = Follower.Start(cluster, "configmaps", space);
        await follower.Listed;
        for (var i = 0; i < 20; i++) await cluster.Client.CreateAsync(kind, space, RealCluster.ConfigMap($"c{i}"));
        for (var i = 0; i < 20; i++) await cluster.Client.PatchAsync(kind, new ObjectKey(space, $"c{i}"), PatchType.Merge, """{"data":{"value":"2"}}"""u8.ToArray());
        for (var i = 0; i < 20; i++) await cluster.Client.DeleteAsync(kind, new ObjectKey(space, $"c{i}"));

        await follower.Until(() => follower.Changes.Count(change => change.Type == WatchEventType.Deleted) == 20);
        foreach (var changes in follower.Changes.Where(change => change.Object.Key.Name.StartsWith('c')).GroupBy(change => change.Object.Key))
        {
            Assert.Equal([WatchEventType.Added, WatchEventType.Modified, WatchEventType.Deleted], changes.Select(change => change.Type));
        }
    }

    [Fact]
    public async Task Watch_ServerKilledAndStartedUnderFiftyLiveLists_AllConverge()
    {
        var (space, kind) = (await cluster.NamespaceAsync(), cluster.Kind("configmaps"));
        for (var i = 0; i < 40; i++) await cluster.Client.CreateAsync(kind, space, RealCluster.ConfigMap($"c{i}"));
        var followers = Enumerable.Range(0, 50).Select(i => Follower.Start(cluster, "configmaps", i % 2 == 0 ? space : "")).ToList();
        await Task.WhenAll(followers.Select(follower => follower.Listed));

        using var changing = new CancellationTokenSource();
        var writer = Write(space, changing.Token);
        var server = ApiServer.Find();
        for (var round = 0; round < 2; round++)
        {
            await server.KillAsync();
            Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => cluster.Client.CreateAsync(kind, space, RealCluster.ConfigMap("no")))).IsUnreachable);
            server = await server.StartAsync(cluster.Client);
        }

        await changing.CancelAsync();
        await writer;
        await cluster.Client.CreateAsync(kind, space, RealCluster.ConfigMap("last"));
        foreach (var follower in followers)
        {
            await follower.Until(() => follower.Find(new ObjectKey(space, "last")) is not null);
        }

        var fault = await Assert.ThrowsAsync<KubernetesException>(async () =>
        {
            // The new server's memory begins with what it found.
            await foreach (var _ in cluster.Client.WatchAsync(kind, "", Selector.All, "1", TimeSpan.FromSeconds(5)))
            {
                // Nothing of it is wanted.
            }
        });
        Assert.True(fault.IsExpired);

        var truth = (await cluster.Client.ListAsync(kind, space, new ListQuery())).Items;
        Assert.True(truth.Length > 40);
        foreach (var follower in followers)
        {
            Assert.Equal(State(truth), State(follower.Objects.Where(one => one.Key.Namespace == space)));
            await follower.DisposeAsync();
        }
    }

    private async Task Write(string space, CancellationToken cancellationToken)
    {
        var kind = cluster.Kind("configmaps");
        for (var i = 0; !cancellationToken.IsCancellationRequested; i++)
        {
            try
            {
                if (i % 3 == 0) await cluster.Client.CreateAsync(kind, space, RealCluster.ConfigMap($"n{i}"), cancellationToken: CancellationToken.None);
                else if (i % 3 == 1) await cluster.Client.ApplyAsync(kind, new ObjectKey(space, $"c{i % 40}"), RealCluster.ConfigMap($"c{i % 40}", $"{i}"), new WriteOptions { Force = true }, cancellationToken: CancellationToken.None);
                else await cluster.Client.DeleteAsync(kind, new ObjectKey(space, $"n{i - 2 - (i % 2 * 3)}"), cancellationToken: CancellationToken.None);
            }
            catch (KubernetesException)
            {
                // The server is away, or the object.
            }
        }
    }

    private static IEnumerable<string> State(IEnumerable<KubernetesObject> objects) =>
        objects.Select(one => $"{one.Key} {one.Uid} {one.ResourceVersion} {one.Read().GetProperty("metadata").GetRawText()} {one.Read().GetProperty("data").GetRawText()}").Order(StringComparer.Ordinal);

    /// <summary>One who follows a kind.</summary>
    private sealed class Follower : IAsyncDisposable
    {
        private readonly ObjectCache _cache = new();
        private readonly CancellationTokenSource _end = new();
        private readonly TaskCompletionSource _listed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ConcurrentQueue<WatchEvent> _changes = [];
        private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private Task _watching = Task.CompletedTask;

        public Task Listed => _listed.Task.WaitAsync(RealCluster.Limit);

        public IReadOnlyCollection<WatchEvent> Changes => _changes;

        public IReadOnlyCollection<KubernetesObject> Objects
        {
            get
            {
                lock (_cache) return [.. _cache.Objects];
            }
        }

        public static Follower Start(RealCluster cluster, string kind, string space)
        {
            var follower = new Follower();
            follower._watching = new ObjectWatch(cluster.Client, cluster.Kind(kind), space, Selector.All, TimeProvider.System).RunAsync(follower.Take, follower._end.Token);
            return follower;
        }

        public KubernetesObject? Find(ObjectKey key)
        {
            lock (_cache) return _cache.Find(key);
        }

        public async Task Until(Func<bool> isSo)
        {
            for (var next = Volatile.Read(ref _next); !isSo(); next = Volatile.Read(ref _next)) await next.Task.WaitAsync(RealCluster.Limit);
        }

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _end.Dispose();
        }

        private ValueTask Take(WatchUpdate update)
        {
            lock (_cache)
            {
                foreach (var change in _cache.Apply(update)) _changes.Enqueue(change);
            }

            if (update is WatchUpdate.Snapshot) _listed.TrySetResult();
            Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>The API server's process, which is in the same namespaces as the tests.</summary>
    private sealed class ApiServer(int id, string[] command)
    {
        public static ApiServer Find() => Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, out _))
            .Select(name => new ApiServer(int.Parse(name!, System.Globalization.CultureInfo.InvariantCulture), Command(name!)))
            .First(process => process.IsApiServer);

        private bool IsApiServer => command[0].EndsWith("/kube-apiserver", StringComparison.Ordinal);

        public async Task KillAsync()
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
            await process.WaitForExitAsync();
        }

        public async Task<ApiServer> StartAsync(KubernetesClient client)
        {
            var start = new ProcessStartInfo("setsid", command) { RedirectStandardOutput = true, RedirectStandardError = true };
            var process = Process.Start(start)!;
            process.OutputDataReceived += (_, _) => { };
            process.ErrorDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            using var limit = new CancellationTokenSource(RealCluster.Limit);
            // It is there once it answers; nobody tells.
            while (true)
            {
                try
                {
                    using var ready = await client.OpenAsync("/readyz", limit.Token);
                    return Find();
                }
                catch (KubernetesException)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, limit.Token);
                }
            }
        }

        private static string[] Command(string process)
        {
            try
            {
                return File.ReadAllText($"/proc/{process}/cmdline").TrimEnd('\0').Split('\0');
            }
            catch (IOException)
            {
                return [""];
            }
        }
    }
}
