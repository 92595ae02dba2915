using System.Collections.Concurrent;

namespace Control.Chaos.History;

/// <summary>Notes what is seen, by everybody at once.</summary>
internal sealed class Recorder
{
    private readonly ConcurrentQueue<Seen> _seen = new();

    /// <summary>Now, by the clock of the whole history.</summary>
    public static DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    /// <summary>Adds something.</summary>
    public void Note(Seen seen) => _seen.Enqueue(seen);

    /// <summary>Everything so far.</summary>
    public IReadOnlyList<Seen> All => [.. _seen];
}
