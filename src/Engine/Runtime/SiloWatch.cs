namespace Control.Engine.Runtime;

/// <summary>
/// Finds rows that nobody renews. A silo's clock is compared with no other's: what counts is for how long the watcher has seen
/// the same version, by its own clock. So clocks that differ give nobody up, and a watcher that starts waits its full time.
/// </summary>
/// <param name="silentAfter">For how long a version must stay the same.</param>
public sealed class SiloWatch(TimeSpan silentAfter)
{
    private Dictionary<string, (long Version, TimeSpan Since)> _seen = [];

    /// <summary>Takes in the rows as they are now, and tells those that are silent.</summary>
    /// <param name="versions">Version of each row that is to be watched, by key; rows that are left out are forgotten.</param>
    /// <param name="now">Time that passed since any fixed moment.</param>
    public ImmutableArray<string> Look(IEnumerable<KeyValuePair<string, long>> versions, TimeSpan now)
    {
        var seen = new Dictionary<string, (long Version, TimeSpan Since)>();
        foreach (var (key, version) in versions)
            seen[key] = _seen.TryGetValue(key, out var before) && before.Version == version ? before : (version, now);
        _seen = seen;
        return [.. seen.Where(one => now - one.Value.Since >= silentAfter).Select(one => one.Key)];
    }
}
