namespace Control.Contracts.Groups;

/// <summary>
/// A concurrency group: who may go on at the same time. It and the runs keep each other right: a place counts only once it is
/// committed here, and whether a run still wants or has it is asked of the run. The key is a <see cref="GroupId"/>.
/// </summary>
[Alias("control.IGroupGrain")]
public interface IGroupGrain : IGrainWithStringKey
{
    /// <summary>Asks for a place; the answer comes by <see cref="IRunGrain.Answer"/>. Repeated, it is answered again.</summary>
    [Alias("Claim"), SafeToRetry]
    Task Claim(GroupClaim claim);

    /// <summary>Gives a place back, or stops waiting for one. Ignored when there is no such claim.</summary>
    [Alias("Release"), SafeToRetry]
    Task Release(ClaimRef claim);

    /// <summary>How many claims wait for a place.</summary>
    [Alias("CountWaiting"), SafeToRetry]
    Task<int> CountWaiting();

    /// <summary>Gives the claims that are there, and wait or have a place, another limit, 1 to 1,000.</summary>
    [Alias("SetLimit"), SafeToRetry]
    Task SetLimit(int limit);

    /// <summary>Asks the runs that have places whether they still need them; harmless at any time.</summary>
    [Alias("Wake"), SafeToRetry]
    Task Wake();
}
