namespace Control.Contracts.Retention;

/// <summary>
/// Deletes the runs of a pipeline that its policy does not keep; nothing else does so but people. The key is a
/// <see cref="PipelineId"/>. It sleeps until a run has ended, one becomes too old, or a day is over. It works in batches, and
/// what it is about to delete is committed first.
/// </summary>
[Alias("control.IRetentionGrain")]
public interface IRetentionGrain : IGrainWithStringKey
{
    /// <summary>
    /// A policy is about to be set: from now on it looks for itself, so that whoever sets it may die right after. Nothing is
    /// under way any more when it returns.
    /// </summary>
    [Alias("Arm"), SafeToRetry]
    Task Arm();

    /// <summary>
    /// Looks anew, soon. Nothing that was decided before goes on being done when it returns: after a change of the policy,
    /// nothing is deleted by the one before.
    /// </summary>
    [Alias("Wake"), SafeToRetry]
    Task Wake();

    /// <summary>A run has ended, or is not kept by hand any more. A hint: what gets lost is found within a day.</summary>
    [Alias("RunChanged"), SafeToRetry]
    Task RunChanged(long number);

    /// <summary>Deletes one batch of what the policy in force does not keep; it sends itself this.</summary>
    [Alias("Apply"), SafeToRetry]
    Task Apply();

    /// <summary>Deletes a page of what a policy does not keep, or tells it. Repeating it is harmless.</summary>
    [Alias("Prune"), SafeToRetry]
    Task<Outcome<PruneResult>> Prune(PruneRuns command);
}
