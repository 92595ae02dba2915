using System.Collections.Immutable;
using Control.Contracts.Retention;
using Control.Contracts.Triggers;

namespace Control.Contracts.Pipelines;

/// <summary>A validated pipeline definition: what was asked, immutable. Maps keep definition order as arrays.</summary>
/// <param name="Description">Free text.</param>
/// <param name="Parameters">What a start may or must pass.</param>
/// <param name="Env">Environment of every job.</param>
/// <param name="Source">The Git repository to check out; null for pipelines without one.</param>
/// <param name="Stages">One or more, run in this order; the jobs of <c>finally</c> are a last one that always runs.</param>
/// <param name="TimeoutSeconds">Limit for the run from its first stage's start on, waiting included; 0 for none.</param>
/// <param name="Concurrency">The group that a run has a place in from its first stage to its end; null for none.</param>
/// <param name="Retention">Which ended runs are deleted; null for the workspace's policy.</param>
[GenerateSerializer, Immutable, Alias("control.pipeline-spec")]
public sealed record PipelineSpec(
    [property: Id(0)] string Description,
    [property: Id(1)] ImmutableArray<ParameterSpec> Parameters,
    [property: Id(2)] ImmutableArray<EnvVar> Env,
    [property: Id(3)] GitSource? Source,
    [property: Id(4)] ImmutableArray<StageSpec> Stages,
    [property: Id(5)] int TimeoutSeconds = 0,
    [property: Id(7)] ConcurrencySpec? Concurrency = null,
    [property: Id(8)] RetentionPolicy? Retention = null)
{
    /// <summary>What starts runs by the clock; empty also in documents from before there were any.</summary>
    [Id(9)]
    public ImmutableArray<TriggerSpec> Triggers { get => field.IsDefault ? [] : field; init; } = [];
}

/// <summary>One environment variable.</summary>
/// <param name="Name">A POSIX name: letters, digits, underscore, not starting with a digit.</param>
/// <param name="Value">Literal text.</param>
[GenerateSerializer, Immutable, Alias("control.env-var")]
public sealed record EnvVar([property: Id(0)] string Name, [property: Id(1)] string Value);

/// <summary>An environment variable whose value is a secret of the pipeline or its workspace.</summary>
/// <param name="Name">The variable.</param>
/// <param name="Secret">The secret's name.</param>
/// <param name="Field">Which part: <c>text</c>, <c>user</c> or <c>password</c>.</param>
/// <param name="File">The value is in a file that only the job reads; the variable is its path.</param>
[GenerateSerializer, Immutable, Alias("control.secret-env")]
public sealed record SecretEnv(
    [property: Id(0)] string Name, [property: Id(1)] string Secret, [property: Id(2)] string Field, [property: Id(3)] bool File = false);

/// <summary>What a parameter accepts. Numbers are wire format.</summary>
[GenerateSerializer, Alias("control.parameter-type")]
public enum ParameterType
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>Any text up to 4 KiB.</summary>
    String = 1,

    /// <summary>A decimal number.</summary>
    Number = 2,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Boolean = 3,

    /// <summary>One of the listed choices.</summary>
    Choice = 4,
}

/// <summary>A parameter of a start or of a gate; its value becomes the environment variable of that name.</summary>
/// <param name="Name">A POSIX variable name.</param>
/// <param name="Type">What it accepts.</param>
/// <param name="Description">For people.</param>
/// <param name="Default">Value when none is passed; null makes it required.</param>
/// <param name="Choices">The accepted values of a choice; empty otherwise.</param>
[GenerateSerializer, Immutable, Alias("control.parameter-spec")]
public sealed record ParameterSpec(
    [property: Id(0)] string Name,
    [property: Id(1)] ParameterType Type,
    [property: Id(2)] string Description,
    [property: Id(3)] string? Default,
    [property: Id(4)] ImmutableArray<string> Choices);

/// <summary>Where the sources come from. The commit is pinned when a run starts.</summary>
/// <param name="Repository">An <c>https</c>, <c>http</c>, <c>ssh</c> or <c>git</c> URL (or <c>user@host:path</c>); never a local path.</param>
/// <param name="Ref">Branch, tag or full commit id.</param>
/// <param name="Credentials">Name of a secret of the workspace; null for public repositories.</param>
/// <param name="Depth">Commits of history to fetch; 0 fetches all.</param>
[GenerateSerializer, Immutable, Alias("control.git-source")]
public sealed record GitSource(
    [property: Id(0)] string Repository,
    [property: Id(1)] string Ref,
    [property: Id(2)] string? Credentials,
    [property: Id(3)] int Depth);

/// <summary>A step of the order: its jobs run concurrently; a gate, where there is one, is decided before they start.</summary>
/// <param name="Name">Unique in the pipeline, a <see cref="ResourceName"/>.</param>
/// <param name="Gate">Makes the stage manual.</param>
/// <param name="Jobs">May be empty only with a gate.</param>
/// <param name="When">An expression; where it is false when the stage is reached, the stage is skipped. Null for always.</param>
/// <param name="TimeoutSeconds">Limit from the start of its jobs to the end of the last one; 0 for none.</param>
/// <param name="Always">Runs whatever became of the run before it: the jobs of <c>finally</c>.</param>
/// <param name="Concurrency">The group that its jobs need a place in together; null for none.</param>
[GenerateSerializer, Immutable, Alias("control.stage-spec")]
public sealed record StageSpec(
    [property: Id(0)] string Name,
    [property: Id(1)] GateSpec? Gate,
    [property: Id(2)] ImmutableArray<JobSpec> Jobs,
    [property: Id(3)] string? When = null,
    [property: Id(4)] int TimeoutSeconds = 0,
    [property: Id(5)] bool Always = false,
    [property: Id(6)] ConcurrencySpec? Concurrency = null);

/// <summary>A gate: the run waits for a person's decision, and may ask for parameters.</summary>
/// <param name="Message">What is to be decided.</param>
/// <param name="Parameters">What the approver may or must pass; they become environment of this and later stages.</param>
/// <param name="Approvers">Who may decide: names or ids of tokens, and scopes as <c>scope:admin</c>; empty for whoever may approve.</param>
/// <param name="Count">How many different people must approve, 1 to 10. One rejection suffices.</param>
/// <param name="OwnApproval">Whether who started the run may approve it.</param>
/// <param name="DeadlineSeconds">After this the gate decides by itself; 0 for never.</param>
/// <param name="ApproveOnDeadline">How it decides then.</param>
[GenerateSerializer, Immutable, Alias("control.gate-spec")]
public sealed record GateSpec(
    [property: Id(0)] string Message,
    [property: Id(1)] ImmutableArray<ParameterSpec> Parameters,
    ImmutableArray<string> Approvers,
    [property: Id(3)] int Count = 1,
    [property: Id(4)] bool OwnApproval = true,
    [property: Id(5)] int DeadlineSeconds = 0,
    [property: Id(6)] bool ApproveOnDeadline = false)
{
    /// <summary>Who may decide; empty also in documents from before there were any.</summary>
    [Id(2)]
    public ImmutableArray<string> Approvers { get; init; } = Approvers.IsDefault ? [] : Approvers;
}

/// <summary>A job: steps on one agent in one work folder.</summary>
/// <param name="Name">Unique in its stage, a <see cref="ResourceName"/>.</param>
/// <param name="Labels">An agent must have all of them.</param>
/// <param name="Env">Environment of its steps.</param>
/// <param name="Secrets">Environment from secrets; masked in logs.</param>
/// <param name="Steps">One or more, in order; the first failure ends the job.</param>
/// <param name="Outputs">Keys that steps may write to <c>$CONTROL_OUTPUT</c>; they become environment of later stages.</param>
/// <param name="TimeoutSeconds">Limit for the whole attempt, from hand-off to report.</param>
/// <param name="Retry">Further attempts after a failure.</param>
/// <param name="Checkout">Whether the agent checks the source out first.</param>
/// <param name="LostAfterSeconds">An attempt whose agent has been silent this long is lost.</param>
/// <param name="Needs">Jobs of the same stage that must have succeeded first.</param>
/// <param name="When">An expression; where it is false once the job could start, the job is skipped. Null for always.</param>
/// <param name="Matrix">Makes it one job for each leg; null for a single job.</param>
/// <param name="AllowFailure">Its failure does not count against its stage, nor against the jobs that need it.</param>
/// <param name="Container">What its steps run in; null for the agent's machine.</param>
/// <param name="Concurrency">The group that each attempt needs a place in; null for none.</param>
/// <param name="Resources">What its steps may use together on the agent's machine; null for no limits of its own.</param>
[GenerateSerializer, Immutable, Alias("control.job-spec")]
public sealed record JobSpec(
    [property: Id(0)] string Name,
    [property: Id(1)] ImmutableArray<string> Labels,
    [property: Id(2)] ImmutableArray<EnvVar> Env,
    [property: Id(3)] ImmutableArray<SecretEnv> Secrets,
    [property: Id(4)] ImmutableArray<StepSpec> Steps,
    [property: Id(5)] ImmutableArray<string> Outputs,
    [property: Id(6)] int TimeoutSeconds,
    [property: Id(7)] RetrySpec Retry,
    [property: Id(8)] bool Checkout,
    [property: Id(9)] int LostAfterSeconds,
    ImmutableArray<string> Needs,
    [property: Id(11)] string? When = null,
    [property: Id(12)] MatrixSpec? Matrix = null,
    [property: Id(13)] bool AllowFailure = false,
    [property: Id(20)] ContainerSpec? Container = null,
    [property: Id(14)] ConcurrencySpec? Concurrency = null,
    [property: Id(21)] ResourceSpec? Resources = null)
{
    /// <summary>Jobs it waits for; empty also in documents from before there were any.</summary>
    [Id(10)]
    public ImmutableArray<string> Needs { get; init; } = Needs.IsDefault ? [] : Needs;

    /// <summary>Containers beside its own; empty also in documents from before there were any.</summary>
    [Id(22)]
    public ImmutableArray<ServiceSpec> Services { get => field.IsDefault ? [] : field; init; } = [];
}

/// <summary>Limits of a job that runs on the agent's machine, as far as the agent can enforce them. Numbers that are 0 set none.</summary>
/// <param name="MilliCpus">Thousandths of a processor.</param>
/// <param name="MemoryBytes">Most memory, swap included.</param>
/// <param name="Pids">Most processes and threads at a time.</param>
[GenerateSerializer, Immutable, Alias("control.resource-spec")]
public sealed record ResourceSpec([property: Id(0)] int MilliCpus, [property: Id(1)] long MemoryBytes, [property: Id(2)] int Pids);

/// <summary>The legs of a matrix job. Leg n runs as the job <c>NAME-n</c>.</summary>
/// <param name="Legs">1 to 256, axes multiplied out, in order.</param>
/// <param name="MaxParallel">Legs queued or running at a time; 0 for all.</param>
[GenerateSerializer, Immutable, Alias("control.matrix-spec")]
public sealed record MatrixSpec([property: Id(0)] ImmutableArray<MatrixLeg> Legs, [property: Id(1)] int MaxParallel);

/// <summary>One leg of a matrix.</summary>
/// <param name="Values">Its environment, besides the job's.</param>
[GenerateSerializer, Immutable, Alias("control.matrix-leg")]
public sealed record MatrixLeg([property: Id(0)] ImmutableArray<EnvVar> Values);

/// <summary>When a failed attempt is followed by another without anyone asking.</summary>
/// <param name="Limit">Further attempts, 0 to 10.</param>
/// <param name="On">Reasons that qualify; empty means failure, timeout and loss of the agent.</param>
/// <param name="DelaySeconds">Pause before the first further attempt; 0 for none.</param>
/// <param name="Factor">By which the pause grows each time, 1 to 10.</param>
/// <param name="MaxDelaySeconds">The longest pause.</param>
[GenerateSerializer, Immutable, Alias("control.retry-spec")]
public sealed record RetrySpec(
    [property: Id(0)] int Limit,
    [property: Id(1)] ImmutableArray<RetryReason> On,
    [property: Id(2)] int DelaySeconds = 0,
    [property: Id(3)] int Factor = 1,
    [property: Id(4)] int MaxDelaySeconds = 0);

/// <summary>Why an attempt may be retried. Numbers are wire format.</summary>
[GenerateSerializer, Alias("control.retry-reason")]
public enum RetryReason
{
    /// <summary>Not a value.</summary>
    Invalid = 0,

    /// <summary>A step ended with a code other than 0.</summary>
    Failure = 1,

    /// <summary>The job's time ran out.</summary>
    Timeout = 2,

    /// <summary>Its agent was lost.</summary>
    Lost = 3,
}

/// <summary>A shell script of a job.</summary>
/// <param name="Name">For people; unique names are not required.</param>
/// <param name="Run">The script.</param>
/// <param name="Shell">The interpreter: <c>sh</c> or <c>bash</c>, run with <c>-e</c>.</param>
/// <param name="WorkingDirectory">Relative to the work folder, never outside of it.</param>
/// <param name="Env">Environment of this step alone.</param>
/// <param name="TimeoutSeconds">Limit for this step; 0 leaves only the job's.</param>
[GenerateSerializer, Immutable, Alias("control.step-spec")]
public sealed record StepSpec(
    [property: Id(0)] string Name,
    [property: Id(1)] string Run,
    [property: Id(2)] string Shell,
    [property: Id(3)] string WorkingDirectory,
    [property: Id(4)] ImmutableArray<EnvVar> Env,
    [property: Id(5)] int TimeoutSeconds);
