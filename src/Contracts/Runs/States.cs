namespace Control.Contracts.Runs;

/// <summary>Where a run is. Numbers are wire format and pinned by a test.</summary>
[GenerateSerializer, Alias("control.run-state")]
public enum RunState
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>Accepted; the commit of its source is being looked up.</summary>
    Preparing = 1,

    /// <summary>A stage's jobs are queued or running.</summary>
    Running = 2,

    /// <summary>Waits at a gate for a person.</summary>
    Waiting = 3,

    /// <summary>Cancelled by someone; jobs are still being stopped or, where asked so, finished.</summary>
    Cancelling = 4,

    /// <summary>Every stage succeeded.</summary>
    Succeeded = 5,

    /// <summary>A job failed for good, a gate was rejected, or the source could not be found.</summary>
    Failed = 6,

    /// <summary>Cancelled, and nothing of it runs any more.</summary>
    Cancelled = 7,

    /// <summary>Waits for a place in its concurrency group, or in what its workspace may run at a time.</summary>
    Queued = 8,
}

/// <summary>Where a stage is. Numbers are wire format and pinned by a test.</summary>
[GenerateSerializer, Alias("control.stage-state")]
public enum StageState
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>Not reached yet.</summary>
    Pending = 1,

    /// <summary>At its gate.</summary>
    Waiting = 2,

    /// <summary>Its jobs are queued or running.</summary>
    Running = 3,

    /// <summary>All its jobs succeeded.</summary>
    Succeeded = 4,

    /// <summary>A job failed for good, or its gate was rejected.</summary>
    Failed = 5,

    /// <summary>Stopped by a cancellation.</summary>
    Cancelled = 6,

    /// <summary>Its condition was false, or it was never reached because the run ended before.</summary>
    Skipped = 7,

    /// <summary>Waits for a place in its concurrency group.</summary>
    Queued = 8,
}

/// <summary>Where one attempt at a job is. Numbers are wire format and pinned by a test.</summary>
[GenerateSerializer, Alias("control.attempt-state")]
public enum AttemptState
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>Ready; waits for an agent with its labels.</summary>
    Queued = 1,

    /// <summary>Given to an agent under a lease.</summary>
    Leased = 2,

    /// <summary>The agent reported the start.</summary>
    Running = 3,

    /// <summary>To be stopped; the agent has not yet confirmed that its processes are gone.</summary>
    Stopping = 4,

    /// <summary>Ended well.</summary>
    Succeeded = 5,

    /// <summary>Ended badly; the reason says how.</summary>
    Failed = 6,

    /// <summary>Cancelled; nothing of it runs.</summary>
    Cancelled = 7,

    /// <summary>Its agent was lost; the lease is void and what it may still report is refused.</summary>
    Lost = 8,

    /// <summary>Made, but not before its time: a retry with a pause before it.</summary>
    Delayed = 9,

    /// <summary>Waits for a place in its concurrency group.</summary>
    Blocked = 10,
}

/// <summary>Where a job is: rolled up from its attempts and its stage. Numbers are wire format and pinned by a test.</summary>
[GenerateSerializer, Alias("control.job-state")]
public enum JobState
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>Its stage is not reached.</summary>
    Pending = 1,

    /// <summary>Waits for an agent.</summary>
    Queued = 2,

    /// <summary>With an agent.</summary>
    Running = 3,

    /// <summary>Being stopped.</summary>
    Stopping = 4,

    /// <summary>Its last attempt succeeded.</summary>
    Succeeded = 5,

    /// <summary>Its last attempt failed or was lost, and no retry is left.</summary>
    Failed = 6,

    /// <summary>Cancelled.</summary>
    Cancelled = 7,

    /// <summary>Not started: its condition was false, a job it needs did not succeed, or its stage was not reached.</summary>
    Skipped = 8,

    /// <summary>Waits for the time of its next attempt.</summary>
    Delayed = 9,

    /// <summary>Waits for a place in its concurrency group.</summary>
    Blocked = 10,
}

/// <summary>How a run is cancelled. Numbers are wire format and pinned by a test.</summary>
[GenerateSerializer, Alias("control.cancel-mode")]
public enum CancelMode
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>Running jobs are stopped, and the jobs of <c>finally</c> do not run.</summary>
    Now = 1,

    /// <summary>Running jobs are stopped, then the jobs of <c>finally</c> run.</summary>
    AfterFinally = 2,

    /// <summary>Running jobs go on to their end and no others begin, then the jobs of <c>finally</c> run.</summary>
    AfterRunning = 3,
}

/// <summary>Machine-readable reasons of failed states, documented once and reused by events, views and the command line.</summary>
public static class Reasons
{
    /// <summary>A step's script ended with a code other than 0.</summary>
    public const string StepFailed = "StepFailed";

    /// <summary>The time of the step, the job, the stage or the run ran out.</summary>
    public const string TimedOut = "TimedOut";

    /// <summary>The agent fell silent for longer than the job allows.</summary>
    public const string AgentLost = "AgentLost";

    /// <summary>The agent came back with a new boot id: what it ran is gone.</summary>
    public const string AgentRestarted = "AgentRestarted";

    /// <summary>The job wrote more log than allowed.</summary>
    public const string LogLimit = "LogLimit";

    /// <summary>The outputs file was malformed or too large.</summary>
    public const string BadOutputs = "BadOutputs";

    /// <summary>The agent could not check the source out.</summary>
    public const string CheckoutFailed = "CheckoutFailed";

    /// <summary>The agent could not run the job at all (disk full, shell missing); not the job's fault.</summary>
    public const string AgentError = "AgentError";

    /// <summary>The kernel killed a process of the job because the job had used up its memory.</summary>
    public const string OutOfMemory = "OutOfMemory";

    /// <summary>A service of the job ended, or was not ready in time, before the first step.</summary>
    public const string ServiceFailed = "ServiceFailed";

    /// <summary>The ref could not be resolved to a commit.</summary>
    public const string SourceNotFound = "SourceNotFound";

    /// <summary>A secret that the pipeline names does not exist.</summary>
    public const string SecretMissing = "SecretMissing";

    /// <summary>A gate was rejected.</summary>
    public const string Rejected = "Rejected";

    /// <summary>A job of the stage failed for good.</summary>
    public const string JobFailed = "JobFailed";

    /// <summary>Someone cancelled the run.</summary>
    public const string Cancelled = "Cancelled";

    /// <summary>Its concurrency group was full, and it was not to wait.</summary>
    public const string GroupFull = "GroupFull";

    /// <summary>A newer run took its place in a concurrency group.</summary>
    public const string Superseded = "Superseded";
}
