using System.Globalization;
using Control.Contracts.Workspaces;
using Orleans;

namespace Control.Bench.Clusters;

/// <summary>
/// Callers of many grains, spread over all silos, that do nothing special: one call of each grain at a time, the next a moment
/// after the answer. They remember the longest wait and how many calls failed.
/// </summary>
internal sealed class Callers : IAsyncDisposable
{
    private const int Grains = 60;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _ending = new();
    private readonly long[] _begun = new long[Grains];
    private readonly Lock _gate = new();
    private readonly Task[] _loops;
    private TimeSpan _longest;

    private Callers(IGrainFactory grains) => _loops = [.. Enumerable.Range(0, Grains).Select(i => CallAsync(grains, i))];

    /// <summary>Calls that ended with a fault.</summary>
    public int Failed { get; private set; }

    /// <summary>Starts them; returns once every grain has answered.</summary>
    public static async Task<Callers> StartAsync(IGrainFactory grains)
    {
        var callers = new Callers(grains);
        await callers.AllAnsweredAsync();
        return callers;
    }

    /// <summary>
    /// Waits until every grain has answered a call that began after now, and tells the longest wait that any caller had
    /// meanwhile, those calls included that were under way.
    /// </summary>
    public async Task<TimeSpan> LongestWaitAsync()
    {
        lock (_gate)
        {
            _longest = TimeSpan.Zero;
        }

        await AllAnsweredAsync();
        lock (_gate)
        {
            return _longest;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await Task.WhenAll(_loops);
        _ending.Dispose();
    }

    private async Task AllAnsweredAsync()
    {
        var now = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (_begun.Any(begun => Volatile.Read(ref begun) <= now)) await timer.WaitForNextTickAsync();
    }

    private async Task CallAsync(IGrainFactory grains, int number)
    {
        var grain = grains.GetGrain<IWorkspaceGrain>(string.Create(CultureInfo.InvariantCulture, $"bench-{number}"));
        while (!_ending.IsCancellationRequested)
        {
            var began = TimeProvider.System.GetTimestamp();
            var isAnswered = await TryCallAsync(grain);
            Note(TimeProvider.System.GetElapsedTime(began), isAnswered);
            // Only what was answered counts as such: the caller of a call that failed still waits for the grain.
            if (isAnswered) Volatile.Write(ref _begun[number], began);
            await Task.Delay(Pause, TimeProvider.System);
        }
    }

    private static async Task<bool> TryCallAsync(IWorkspaceGrain grain)
    {
        try
        {
            await grain.GetLimits();
            return true;
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            return false;
        }
    }

    private void Note(TimeSpan took, bool isAnswered)
    {
        lock (_gate)
        {
            if (took > _longest) _longest = took;
            if (!isAnswered) Failed++;
        }
    }
}
