namespace Control.Agent.Link;

/// <summary>Pauses between tries: 100 ms doubling to 5 s, each cut by up to half at random so that a rack of agents does not return in step.</summary>
internal sealed class Backoff(TimeProvider time)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private TimeSpan _next = First;

    /// <summary>The server answered: the next pause is short again.</summary>
    public void Reset() => _next = First;

    /// <summary>Waits for the next pause.</summary>
    public Task PauseAsync(CancellationToken cancellationToken)
    {
        var pause = _next * (0.5 + (Random.Shared.NextDouble() / 2));
        _next = _next * 2 < Longest ? _next * 2 : Longest;
        return Task.Delay(pause, time, cancellationToken);
    }
}
