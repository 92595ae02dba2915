using System.Collections.Concurrent;
using System.Reflection;

namespace Control.Grains.Calls;

/// <summary>
/// Repeats calls whose silo went away, where the contract says that a repeat is harmless. A time-out is not repeated: the
/// first call may still be running, and the caller has waited long enough.
/// </summary>
internal sealed class RetryFilter : IOutgoingGrainCallFilter
{
    private const int Attempts = 3;

    private readonly ConcurrentDictionary<MethodInfo, bool> _safe = new();

    public async Task Invoke(IOutgoingGrainCallContext context)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await context.Invoke();
                return;
            }
            catch (SiloUnavailableException) when (attempt < Attempts && IsSafe(context.InterfaceMethod))
            {
                // The next attempt is placed anew, on a silo that is there.
            }
        }
    }

    private bool IsSafe(MethodInfo method) =>
        _safe.GetOrAdd(method, static m => m.IsDefined(typeof(SafeToRetryAttribute), inherit: true));
}
