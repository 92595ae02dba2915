using System.Collections.Concurrent;
using Control.Chaos.Plans;
using Control.Chaos.Sites;
using Control.Cli.Client;

namespace Control.Chaos.Canaries;

/// <summary>One call, from when it was first asked until somebody answered.</summary>
internal sealed record CanaryCall(long Begin, long End)
{
    /// <summary>How long nobody answered.</summary>
    public TimeSpan Took => TimeProvider.System.GetElapsedTime(Begin, End);
}

/// <summary>
/// Reads, and commands a grain that does nothing else, through whichever gateway answers, again and again: how long does that take
/// when something has died? Several grains, so that each node has some.
/// </summary>
internal sealed class Canary(Site site)
{
    private const int Grains = 8;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BackOff = TimeSpan.FromMilliseconds(50);

    // A silo that dies is noticed sooner, and so is one in whose stead the next call is made.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(8);

    private readonly ConcurrentDictionary<Uri, ControlClient> _clients = [];
    private readonly ConcurrentQueue<CanaryCall> _calls = new();
    private uint _next;

    /// <summary>Calls so far.</summary>
    public int Calls => _calls.Count;

    /// <summary>Makes the grains.</summary>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        for (var grain = 0; grain < Grains; grain++) await site.Client.CreateWorkspaceAsync($"canary-{grain}", "", cancellationToken);
    }

    /// <summary>Sings until told to stop.</summary>
    public Task SingAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, Grains).Select(grain => SingAsync($"canary-{grain}", stop)));

    /// <summary>The longest a call took whatever happened; zero when there was none.</summary>
    public TimeSpan Longest => _calls.Select(call => call.Took).DefaultIfEmpty().Max();

    /// <summary>
    /// The longest a call took that was under way when a node was killed or came shortly after, of kills around which nothing else
    /// was wrong that keeps the others from taking over; null when there was no such kill.
    /// </summary>
    public TimeSpan? LongestFailover(IReadOnlyCollection<Disturbance> disturbances)
    {
        var others = disturbances.Where(done => done.Fault.IsOfStores || done.Fault.Kind is FaultKind.PauseNode or FaultKind.DrainNode).ToArray();
        var kills = disturbances
            .Where(done => done.Fault.Kind == FaultKind.KillNode)
            .Where(kill => !others.Any(other => Meets(kill.Begin, After(kill.End, Aftermath), other, other.Fault.IsOfNode ? Plan.NodeRecovery : Plan.StoreRecovery)))
            .ToArray();
        return _calls.Where(call => kills.Any(kill => Meets(call.Begin, call.End, kill, Aftermath))).Select(call => (TimeSpan?)call.Took).Max();
    }

    private static bool Meets(long begin, long end, Disturbance done, TimeSpan aftermath) => end >= done.Begin && begin <= After(done.End, aftermath);

    private static long After(long timestamp, TimeSpan later) => timestamp + (long)(later.TotalSeconds * TimeProvider.System.TimestampFrequency);

    private async Task SingAsync(string workspace, CancellationToken stop)
    {
        try
        {
            for (var number = 0; ; number++)
            {
                var description = $"{number}";
                await CallAsync(client => client.UpdateWorkspaceAsync(workspace, description, null, stop), stop);
                await CallAsync(client => client.GetWorkspaceAsync(workspace, stop), stop);
                await Task.Delay(Pause, TimeProvider.System, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop.
        }
    }

    private async Task CallAsync(Func<ControlClient, Task> call, CancellationToken stop)
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (!await TryAsync(call)) await Task.Delay(BackOff, TimeProvider.System, stop);
        _calls.Enqueue(new CanaryCall(begin, TimeProvider.System.GetTimestamp()));
    }

    private async Task<bool> TryAsync(Func<ControlClient, Task> call)
    {
        var gateways = site.ServingGateways;
        if (gateways.Count == 0) return false;
        var gateway = gateways[(int)(Interlocked.Increment(ref _next) % (uint)gateways.Count)];
        try
        {
            await call(_clients.GetOrAdd(gateway, address => site.ClientOf(address, tries: 1, Patience)));
            return true;
        }
        catch (Exception error) when (error is ProblemException or ServerUnreachableException)
        {
            return false;
        }
    }
}
