using System.Collections.Concurrent;
using System.Reflection;

namespace Control.Grains.Calls;

/// <summary>
/// Repeats calls that were turned away or whose silo went away, where the contract says that a repeat is harmless. It goes on
/// for about as long as a cluster takes to declare a silo dead and to place its grains anew. A time-out is not repeated: the
/// first call may still be running, and the caller has waited long enough.
/// </summary>
/// <param name="clock">The engine's clock, real also where tests fake the grains'.</param>
internal sealed class RetryFilter(TimeProvider clock) : IOutgoingGrainCallFilter
{
    /// <summary>The pauses before the repeats. A silo is declared dead after two to three seconds.</summary>
    internal static readonly ImmutableArray<TimeSpan> Pauses = [.. new[] { 0, 50, 100, 200, 400, 800, 1600, 1600 }.Select(ms => TimeSpan.FromMilliseconds(ms))];

    private readonly ConcurrentDictionary<MethodInfo, bool> _safe = new();

    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        foreach (var pause in Pauses)
        {
            try
            {
                await context.Invoke();
                return;
            }
            catch (OrleansMessageRejectionException) when (IsSafe(context.InterfaceMethod))
            {
                // The next attempt is placed anew, on a silo that is there.
            }

            if (pause > TimeSpan.Zero) await Task.Delay(pause, clock);
        }

        await context.Invoke();
    }

    private bool IsSafe(MethodInfo method) =>
        _safe.GetOrAdd(method, static m => m.IsDefined(typeof(SafeToRetryAttribute), inherit: true));
}
