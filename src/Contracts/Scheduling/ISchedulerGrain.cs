using Orleans.Concurrency;

namespace Control.Contracts.Scheduling;

/// <summary>
/// Wakes grains whose due time has come. It sleeps until the next due time that SQL knows; silos let it
/// know every 5 s that they live, so that one exists and knows whose work is orphaned, not to do its work. The key is a partition number.
/// </summary>
[Alias("control.ISchedulerGrain")]
public interface ISchedulerGrain : IGrainWithStringKey
{
    /// <summary>Makes sure it is active.</summary>
    [Alias("Poke"), SafeToRetry, AlwaysInterleave]
    Task Poke();

    /// <summary>A silo lives. One that is silent for 15 s counts as gone, and what it left unfinished is adopted.</summary>
    /// <param name="bootId">The silo's boot id, which the rows it owns carry.</param>
    [Alias("Beat"), SafeToRetry, AlwaysInterleave]
    Task Beat(string bootId);

    /// <summary>A due time was committed; it may be earlier than the one slept for.</summary>
    [Alias("Due"), SafeToRetry, AlwaysInterleave]
    Task Due(DateTimeOffset at);
}
