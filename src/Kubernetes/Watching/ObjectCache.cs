using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Watching;

/// <summary>
/// The objects of a watch as they were last told, and what each update changed among them: after a snapshot that is the difference, so
/// that whoever follows never sees what did not happen. Used by one at a time.
/// </summary>
public sealed class ObjectCache
{
    private Dictionary<ObjectKey, KubernetesObject> _objects = [];

    /// <summary>All objects, in no order.</summary>
    public IReadOnlyCollection<KubernetesObject> Objects => _objects.Values;

    /// <summary>Null when there is none of that name.</summary>
    public KubernetesObject? Find(ObjectKey key) => _objects.GetValueOrDefault(key);

    /// <summary>Takes an update in.</summary>
    /// <returns>What it changed, deletions first; empty when nothing.</returns>
    public IReadOnlyList<WatchEvent> Apply(WatchUpdate update) => update switch
    {
        WatchUpdate.Snapshot snapshot => Replace(snapshot),
        WatchUpdate.Change { Event: { Type: WatchEventType.Deleted } gone } => Remove(gone.Object),
        WatchUpdate.Change { Event.Object: var changed } => Set(changed),
        _ => [],
    };

    private List<WatchEvent> Replace(WatchUpdate.Snapshot snapshot)
    {
        var before = _objects;
        _objects = new Dictionary<ObjectKey, KubernetesObject>(snapshot.Objects.Length);
        foreach (var one in snapshot.Objects) _objects[one.Key] = one;
        var changes = before.Values.Where(old => _objects.GetValueOrDefault(old.Key)?.Uid != old.Uid).Select(old => new WatchEvent(WatchEventType.Deleted, old)).ToList();
        changes.AddRange(_objects.Values.SelectMany(now => Differ(before.GetValueOrDefault(now.Key), now)));
        return changes;
    }

    private List<WatchEvent> Set(KubernetesObject now)
    {
        var before = _objects.GetValueOrDefault(now.Key);
        _objects[now.Key] = now;
        List<WatchEvent> changes = before is not null && before.Uid != now.Uid ? [new WatchEvent(WatchEventType.Deleted, before)] : [];
        changes.AddRange(Differ(before, now));
        return changes;
    }

    private List<WatchEvent> Remove(KubernetesObject gone) => _objects.Remove(gone.Key) ? [new WatchEvent(WatchEventType.Deleted, gone)] : [];

    private static IEnumerable<WatchEvent> Differ(KubernetesObject? before, KubernetesObject now)
    {
        if (before?.Uid != now.Uid) yield return new WatchEvent(WatchEventType.Added, now);
        else if (before.ResourceVersion != now.ResourceVersion) yield return new WatchEvent(WatchEventType.Modified, now);
    }
}
