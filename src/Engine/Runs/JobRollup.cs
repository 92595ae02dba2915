using Control.Contracts.Runs;

namespace Control.Engine.Runs;

/// <summary>A job's state, rolled up from the attempt that counts and, without one, from its stage.</summary>
public static class JobRollup
{
    // First match wins; attempts outrank the stage.
    private static readonly (AttemptState Attempt, JobState Job)[] ByAttempt =
    [
        (AttemptState.Delayed, JobState.Delayed),
        (AttemptState.Blocked, JobState.Blocked),
        (AttemptState.Queued, JobState.Queued),
        (AttemptState.Leased, JobState.Running),
        (AttemptState.Running, JobState.Running),
        (AttemptState.Stopping, JobState.Stopping),
        (AttemptState.Succeeded, JobState.Succeeded),
        (AttemptState.Failed, JobState.Failed),
        (AttemptState.Lost, JobState.Failed),
        (AttemptState.Cancelled, JobState.Cancelled),
    ];

    /// <summary>Whether an attempt counts for its stage, or belongs to an earlier round that was run anew.</summary>
    /// <param name="state">The attempt's state.</param>
    /// <param name="round">The attempt's round.</param>
    /// <param name="stageRound">The round its stage is in.</param>
    /// <param name="since">The round from which on the stage keeps what succeeded.</param>
    public static bool Counts(AttemptState state, int round, int stageRound, int since) =>
        round == stageRound || (round >= since && state == AttemptState.Succeeded);

    /// <summary>The job's state.</summary>
    /// <param name="counting">State of the attempt that counts; null without one.</param>
    /// <param name="stage">State of its stage.</param>
    /// <param name="isSkipped">Whether the stage goes on without the job.</param>
    public static JobState Of(AttemptState? counting, StageState stage, bool isSkipped)
    {
        if (isSkipped)
        {
            return JobState.Skipped;
        }

        foreach (var (attempt, job) in ByAttempt)
        {
            if (attempt == counting)
            {
                return job;
            }
        }

        return stage is StageState.Pending or StageState.Waiting or StageState.Running ? JobState.Pending : JobState.Skipped;
    }

    /// <summary>The job's state, for readers that have only views.</summary>
    /// <param name="latest">The newest attempt at the job; null without one.</param>
    /// <param name="stage">Its stage.</param>
    /// <param name="details">The stage's details of the job; null without any.</param>
    public static JobState Of(AttemptView? latest, StageView stage, JobView? details) => Of(
        latest is { } attempt && Counts(attempt.State, attempt.Round, stage.Round, stage.Since) ? attempt.State : null,
        stage.State,
        details?.Skipped is not null);

    /// <summary>True when the job changes no more by itself.</summary>
    public static bool IsTerminal(JobState state) => state is JobState.Succeeded or JobState.Failed or JobState.Cancelled or JobState.Skipped;
}
