using System.Text;
using Control.Kubernetes.Objects;
using Control.Kubernetes.Watching;

namespace Control.Kubernetes.Tests.Watching;

public sealed class ObjectCacheTests
{
    [Fact]
    public void Apply_SnapshotAfterOthers_TellsTheDifferenceOnly()
    {
        var cache = new ObjectCache();
        Assert.Equal("Added a, Added b, Added c", Text(cache.Apply(Snapshot(Pod("a", "1", "1"), Pod("b", "2", "1"), Pod("c", "3", "1")))));
        Assert.Equal("", Text(cache.Apply(Snapshot(Pod("a", "1", "1"), Pod("b", "2", "1"), Pod("c", "3", "1")))));
        // a is gone, b is another of the same name, c changed, d is new.
        Assert.Equal("Deleted a, Deleted b, Added b, Modified c, Added d", Text(cache.Apply(Snapshot(Pod("b", "9", "1"), Pod("c", "3", "2"), Pod("d", "4", "1")))));
        Assert.Equal("", Text(cache.Apply(new WatchUpdate.Lost(new(KubernetesStatusOf())))));
        Assert.Equal("2", cache.Find(new ObjectKey("s", "c"))!.ResourceVersion);
    }

    [Fact]
    public void Apply_Random_FollowerHasWhatTheClusterHas()
    {
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Random(seed);
            var (cluster, follower, cache) = (new Dictionary<string, KubernetesObject>(), new Dictionary<ObjectKey, KubernetesObject>(), new ObjectCache());
            for (var step = 1; step <= 200; step++)
            {
                var name = $"{(char)('a' + random.Next(8))}";
                var isThere = cluster.TryGetValue(name, out var before);
                var isGone = isThere && random.Next(3) == 0;
                var now = Pod(name, isThere ? before!.Uid : $"u{step}", $"{step}");
                if (isGone) cluster.Remove(name);
                else cluster[name] = now;
                // A third of the changes is missed, as while a connection is broken, until the next snapshot.
                var isMissed = random.Next(3) == 0;
                WatchUpdate update = isMissed
                    ? Snapshot([.. cluster.Values])
                    : new WatchUpdate.Change(new WatchEvent(isGone ? WatchEventType.Deleted : isThere ? WatchEventType.Modified : WatchEventType.Added, now));
                foreach (var change in cache.Apply(update))
                {
                    if (change.Type == WatchEventType.Deleted) Assert.True(follower.Remove(change.Object.Key));
                    else if (change.Type == WatchEventType.Added) follower.Add(change.Object.Key, change.Object);
                    else Assert.NotEqual(follower[change.Object.Key].ResourceVersion, (follower[change.Object.Key] = change.Object).ResourceVersion);
                }

                Assert.Equal(cluster.Values.Select(State).Order(), follower.Values.Select(State).Order());
            }
        }
    }

    private static string State(KubernetesObject one) => $"{one.Key} {one.Uid} {one.ResourceVersion}";

    private static Errors.KubernetesStatus KubernetesStatusOf() => new(0, "", "", [], null);

    private static WatchUpdate Snapshot(params KubernetesObject[] objects) => new WatchUpdate.Snapshot([.. objects], "1");

    private static KubernetesObject Pod(string name, string uid, string version) => KubernetesObject.Parse(Encoding.UTF8.GetBytes(
        $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"namespace":"s","name":"{{{name}}}","uid":"{{{uid}}}","resourceVersion":"{{{version}}}"}}"""));

    private static string Text(IEnumerable<WatchEvent> changes) => string.Join(", ", changes.Select(change => $"{change.Type} {change.Object.Key.Name}"));
}
