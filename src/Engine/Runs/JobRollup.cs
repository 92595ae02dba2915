using Control.Contracts.Runs;

namespace Control.Engine.Runs;

/// <summary>A job's state, rolled up from its newest attempt and, without one, from its stage.</summary>
public static class JobRollup
{
    // First match wins; attempts outrank the stage.
    private static readonly (AttemptState Attempt, JobState Job)[] ByAttempt =
    [
        (AttemptState.Queued, JobState.Queued),
        (AttemptState.Leased, JobState.Running),
        (AttemptState.Running, JobState.Running),
        (AttemptState.Stopping, JobState.Stopping),
        (AttemptState.Succeeded, JobState.Succeeded),
        (AttemptState.Failed, JobState.Failed),
        (AttemptState.Lost, JobState.Failed),
        (AttemptState.Cancelled, JobState.Cancelled),
    ];

    /// <summary>The job's state.</summary>
    public static JobState Of(AttemptRecord? latest, StageState stage) => Of(latest?.State, stage);

    /// <summary>The job's state, for readers that have only views.</summary>
    public static JobState Of(AttemptState? latest, StageState stage)
    {
        foreach (var (attempt, job) in ByAttempt)
        {
            if (attempt == latest)
            {
                return job;
            }
        }

        return stage is StageState.Pending or StageState.Waiting or StageState.Running ? JobState.Pending : JobState.Skipped;
    }

    /// <summary>True when the job changes no more by itself.</summary>
    public static bool IsTerminal(JobState state) => state is JobState.Succeeded or JobState.Failed or JobState.Cancelled or JobState.Skipped;
}
