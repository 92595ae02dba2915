using System.Collections.Concurrent;

namespace Control.Runtime.Clustering;

/// <summary>
/// What a silo waits for before it goes: that every other sends its calls elsewhere, and that those which it took in are
/// answered. So no call fails because a silo leaves.
/// </summary>
internal sealed class Departure(TimeProvider time)
{
    // Who is silent for so long is gone itself, or will find out by the closed connection.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<SiloId, long> _seen = new();
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _running;

    /// <summary>A call from another silo has come.</summary>
    public void Begun() => Interlocked.Increment(ref _running);

    /// <summary>It is answered.</summary>
    public void Ended()
    {
        if (Interlocked.Decrement(ref _running) == 0) Tell();
    }

    /// <summary>Another silo goes by that version of the view.</summary>
    public void Seen(SiloId peer, long version)
    {
        _seen[peer] = version;
        Tell();
    }

    /// <summary>Waits until all others go by the view in which this silo leaves.</summary>
    public Task SeenByAllAsync(ClusterView view, SiloId self) => UntilAsync(
        () => view.Members.All(member => member.Id == self || (_seen.TryGetValue(member.Id, out var version) && version >= view.Version)));

    /// <summary>Waits until no call from another silo is under way.</summary>
    public Task QuietAsync() => UntilAsync(() => Volatile.Read(ref _running) == 0);

    private async Task UntilAsync(Func<bool> holds)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        while (!patience.IsCancellationRequested)
        {
            var news = Volatile.Read(ref _news).Task;
            if (holds()) return;
            await news.WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Tell() => Interlocked.Exchange(ref _news, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
}
