using Orleans.Concurrency;

namespace Control.Contracts.Scheduling;

/// <summary>
/// Wakes grains whose due time has come. It sleeps until the next due time that SQL knows; silos poke it every 5 s so that
/// one exists, not to do its work. The key is a partition number.
/// </summary>
[Alias("control.ISchedulerGrain")]
public interface ISchedulerGrain : IGrainWithStringKey
{
    /// <summary>Makes sure it is active.</summary>
    [Alias("Poke"), SafeToRetry, AlwaysInterleave]
    Task Poke();

    /// <summary>A due time was committed; it may be earlier than the one slept for.</summary>
    [Alias("Due"), SafeToRetry, AlwaysInterleave]
    Task Due(DateTimeOffset at);
}
