using System.Collections.Concurrent;

namespace Control.Runtime.Tests.Grains;

/// <summary>Lets a test hold grains at named places and see what they did in which order.</summary>
public sealed class Gates
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _places = new();
    private readonly List<string> _log = [];
    private volatile bool _over;

    public IReadOnlyList<string> Log
    {
        get
        {
            lock (_log) return [.. _log];
        }
    }

    public void Note(string what)
    {
        lock (_log) _log.Add(what);
    }

    /// <summary>Called by a grain: tells that it is here and waits to be let through.</summary>
    public Task PassAsync(string name)
    {
        Place(name + " reached").TrySetResult();
        return _over ? Task.CompletedTask : Place(name + " open").Task;
    }

    public Task ReachedAsync(string name) => Place(name + " reached").Task.WaitAsync(TimeSpan.FromSeconds(20));

    public void Open(string name) => Place(name + " open").TrySetResult();

    /// <summary>Lets everybody through from here on, so that a silo can stop at the end of a test.</summary>
    public void OpenAll()
    {
        _over = true;
        foreach (var place in _places.Values) place.TrySetResult();
    }

    private TaskCompletionSource Place(string name) =>
        _places.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
