using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;

namespace Control.Api.Events;

/// <summary>Counts the open streams of each token, and ends them all when the server stops.</summary>
internal sealed class StreamSlots(IOptions<ApiOptions> options, IHostApplicationLifetime lifetime)
{
    private readonly ConcurrentDictionary<string, int> _open = new();

    /// <summary>A slot for a stream of this caller; null when all are taken.</summary>
    public Slot? Take(Caller caller, CancellationToken aborted)
    {
        var count = _open.AddOrUpdate(caller.Actor.Id, 1, (_, n) => n + 1);
        if (count <= options.Value.StreamsPerToken)
        {
            return new Slot(this, caller.Actor.Id, CancellationTokenSource.CreateLinkedTokenSource(aborted, lifetime.ApplicationStopping));
        }

        Release(caller.Actor.Id);
        return null;
    }

    /// <summary>The answer when none is free.</summary>
    public static Problem Full { get; } = Problem.Of(
        StatusCodes.Status429TooManyRequests, "too-many-streams", "The token has too many streams open. Close some of them.") with
    { RetryAfter = 15 };

    private void Release(string token)
    {
        // The entry goes with the last stream, so that tokens that come and go leave nothing behind.
        if (_open.AddOrUpdate(token, 0, (_, n) => n - 1) == 0)
        {
            _open.TryRemove(KeyValuePair.Create(token, 0));
        }
    }

    /// <summary>One open stream.</summary>
    internal sealed class Slot(StreamSlots owner, string token, CancellationTokenSource ended) : IDisposable
    {
        /// <summary>Ends with the request or with the server.</summary>
        public CancellationToken Ended => ended.Token;

        public void Dispose()
        {
            ended.Dispose();
            owner.Release(token);
        }
    }
}
