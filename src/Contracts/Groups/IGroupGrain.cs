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

    /// <summary>Asks the runs that have places whether they still need them; harmless at any time.</summary>
    [Alias("Wake"), SafeToRetry]
    Task Wake();
}
