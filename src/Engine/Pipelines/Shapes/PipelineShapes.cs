using Control.Contracts.Retention;
using static Control.Engine.Pipelines.PipelineLimits;
using static Control.Engine.Pipelines.Shapes.Fragment;

namespace Control.Engine.Pipelines.Shapes;

/// <summary>The table of every key a definition may have. A key that is not here is refused; a test holds readers to it.</summary>
internal static class PipelineShapes
{
    public static Shape Pipeline { get; } = new("pipeline", "A pipeline: stages that run one after another.",
    [
        new("description", "What the pipeline is for.", Scalar(TextLength)),
        new("parameters", "What a start may or must pass; each value becomes the environment variable of that name.", Parameters),
        new("env", "Environment of every job.", Env),
        new("source", "The Git repository that jobs work on.", Ref("source")),
        new("stages", "The stages in order.", List(Ref("stage"), 1, PipelineLimits.Stages), Required: true),
        new("finally", "Jobs by name that always run at the end, whatever became of the stages.", Map(NamePattern, Ref("job"), 1, JobsPerStage)),
        new("timeout", "Limit for the run from its first stage's start on, gates included, 1s to 30 days. Default: none.", Period),
        new("concurrency", "The group that a run needs a place in, from its first stage to its end.", Either(Name, Ref("concurrency"))),
        new("retention", "Which ended runs are deleted; all keeps them all. Default: the workspace's policy.", Either(Word("all"), Ref("retention"))),
        new("triggers", "What starts runs by the clock: triggers by name.", Map(NamePattern, Ref("trigger"), 1, PipelineLimits.Triggers)),
    ]);

    public static Shape Trigger { get; } = new("trigger", "Starts runs by the clock.",
    [
        new("cron", "Minute, hour, day of the month, month and day of the week, such as 30 2 * * 1-5.", Scalar(Control.Engine.Triggers.CronSchedule.MaxLength), Required: true),
        new("timeZone", "IANA name of the time zone that the times are meant in. Default: UTC.", Scalar(Control.Engine.Triggers.CronSchedule.MaxLength)),
        new("missed", "What becomes of times that passed while no run could be started. Default: once.", Word("once", "skip", "all")),
        new("parameters", "Values by parameter name.", Map(VariableName.Pattern, Scalar(ParameterValueBytes), 0, PipelineLimits.Parameters)),
        new("ref", "Branch, tag or full commit id. Default: the source's.", Scalar(Sources.GitRef.MaxLength)),
    ]);

    public static Shape Parameter { get; } = new("parameter", "A value that a start or a gate asks for.",
    [
        new("type", "What is accepted. Default: string.", Word("string", "number", "boolean", "choice")),
        new("description", "For the person who fills it in.", Scalar(TextLength)),
        new("default", "The value when none is passed; without it the parameter is required.", Scalar(ParameterValueBytes)),
        new("choices", "The accepted values of a choice.", Set(Scalar(ParameterValueBytes), 1, Choices)),
    ]);

    public static Shape Source { get; } = new("source", "A Git repository; its commit is pinned when a run starts.",
    [
        new("repository", "An https, http, ssh or git URL, or user@host:path; without credentials.", Scalar(Sources.RepositoryUrl.MaxLength), Required: true),
        new("ref", "Branch, tag or full commit id. Default: HEAD, the repository's default branch.", Scalar(Sources.GitRef.MaxLength)),
        new("credentials", "Name of the workspace's secret to fetch with.", Name),
        new("depth", "Commits of history to fetch; 0 fetches all. Default: 1.", Number(0, Depths)),
    ]);

    public static Shape Stage { get; } = new("stage", "Jobs that run at the same time, after the gate if there is one.",
    [
        new("name", "Unique in the pipeline.", Name, Required: true),
        new("when", "A condition; where it is false when the stage is reached, the stage is skipped.", Scalar(Expressions.Expression.MaxLength)),
        new("gate", "Makes the stage wait for a person's decision.", Ref("gate")),
        new("timeout", "Limit for its jobs together, 1s to 24h. Default: none.", Period),
        new("concurrency", "The group that its jobs need a place in, together.", Either(Name, Ref("concurrency"))),
        new("jobs", "The jobs by name. A stage with a gate may go without.", Map(NamePattern, Ref("job"), 0, JobsPerStage)),
    ]);

    public static Shape Gate { get; } = new("gate", "A decision by a person.",
    [
        new("message", "What is to be decided. Default: a sentence with the stage's name.", Scalar(TextLength)),
        new("parameters", "What the approver may or must pass; environment of this and later stages.", Parameters),
        new("approvers", "Who may decide: names or ids of tokens, and scopes such as scope:admin. Default: whoever may approve.", Set(Scalar(NameLength), 1, Approvers)),
        new("count", "How many different people must approve. Default: 1.", Number(1, Approvals)),
        new("ownApproval", "Whether who started the run may approve it. Default: true.", Flag),
        new("deadline", "After this the gate decides by itself, 1s to 30 days. Default: never.", Period),
        new("onDeadline", "What it decides then. Default: reject.", Word("reject", "approve")),
    ]);

    public static Shape Job { get; } = new("job", "Steps on one agent in one work folder.",
    [
        new("needs", "Jobs of the same stage that must have succeeded first.", Set(Name, 1, JobsPerStage)),
        new("when", "A condition; where it is false once the job could start, the job is skipped.", Scalar(Expressions.Expression.MaxLength)),
        new("matrix", "Makes it one job for each combination of values.", Ref("matrix")),
        new("allowFailure", "Its failure does not count. Default: false.", Flag),
        new("labels", "An agent must have all of them.", Set(Name, 0, Labels)),
        new("env", "Environment of its steps.", Env),
        new("secrets", "Environment variables filled from secrets; their values are masked in logs.", Map(VariableName.Pattern, Either(Name, Ref("secret")), 0, Secrets)),
        new("steps", "The steps in order; the first that fails ends the job.", List(Either(Scalar(ScriptBytes), Ref("step")), 1, Steps), Required: true),
        new("outputs", "Keys that steps may write to $CONTROL_OUTPUT; environment of later stages.", Set(Variable, 0, Outputs)),
        new("timeout", "Limit for an attempt, 1s to 24h. Default: 1h.", Period),
        new("retry", "Further attempts after a failure: a number, or a rule.", Either(Number(0, Retries), Ref("retry"))),
        new("checkout", "Check the source out first. Default: true when the pipeline has a source.", Flag),
        new("lostAfter", "An attempt whose agent is silent this long is lost, 30s to 24h. Default: 2m.", Period),
        new("concurrency", "The group that each attempt needs a place in.", Either(Name, Ref("concurrency"))),
        new("image", "The image of the container that the steps run in. Default: none, the steps run on the agent's machine.", Either(ImageReference, Ref("image"))),
        new("services", "Containers beside the image's by name, such as databases; the name is the host name for the steps.", Map(Reading.ServiceReader.NamePattern, Either(ImageReference, Ref("service")), 1, Services)),
        new("resources", "What its steps may use together, where they run on the agent's machine. Default: no limits.", Ref("resources")),
    ]);

    public static Shape Service { get; } = new("service", "A container beside a job's, for the time of one attempt.",
    [
        new("image", "The image's reference, such as postgres:16.", ImageReference, Required: true),
        new("credentials", "Name of the workspace's secret, of kind password, for the registry.", Name),
        new("env", "Its environment, besides the image's.", Env),
        new("secrets", "Environment variables filled from secrets; their values are masked in logs.", Map(VariableName.Pattern, Either(Name, Ref("secret")), 0, Secrets)),
        new("command", "Program and arguments instead of the image's. Default: the image's.", Command),
        new("args", "Arguments instead of the image's. Default: the image's.", Command),
        new("ready", "A command, run in its container until it succeeds; then the steps begin. Default: they begin when it runs.", Either(Command, Ref("ready"))),
        new("cpus", "Processors, such as 0.5. Default: no limit.", Pattern(Reading.ContainerReader.CpusPattern)),
        new("memory", "Most memory, such as 512m or 2g. Default: no limit.", Pattern(Reading.ContainerReader.MemoryPattern)),
        new("pids", "Most processes at a time. Default: 2048.", Number(FewestPids, MostPids)),
        new("pull", "When the image is fetched. Default: missing.", Word("missing", "always", "never")),
    ]);

    public static Shape Ready { get; } = new("ready", "When a service is ready.",
    [
        new("command", "Program and arguments.", Command, Required: true),
        new("timeout", "How long it may take until the command succeeds, 1s to 15m. Default: 1m.", Period),
    ]);

    public static Shape Resources { get; } = new("resources", "Limits of a job without an image, as far as its agent can enforce them.",
    [
        new("cpus", "Processors, such as 0.5. Default: no limit.", Pattern(Reading.ContainerReader.CpusPattern)),
        new("memory", "Most memory, such as 512m or 2g. Default: no limit.", Pattern(Reading.ContainerReader.MemoryPattern)),
        new("pids", "Most processes at a time. Default: no limit.", Number(FewestPids, MostPids)),
    ]);

    public static Shape Concurrency { get; } = new("concurrency", "A place in a group of the workspace: only so many go on at the same time.",
    [
        new("group", "The group's name, the same for everything that shares its places.", Name, Required: true),
        new("by", "An expression that divides the group, such as branch: each of its values is a group of its own. Default: one group.", Scalar(Expressions.Expression.MaxLength)),
        new("limit", "Most places at a time. Default: 1.", Number(1, GroupPlaces)),
        new("onLimit", "queue: wait for a place; cancelOldest: cancel the run with the oldest claim; reject: fail. Default: queue.", Word("queue", "cancelOldest", "reject")),
    ]);

    public static Shape Retention { get; } = new("retention", "Ended runs that one of the rules hits are deleted; one rule at least is needed.",
    [
        new("keep", "The newest ended runs that are kept; those beyond are deleted. Default: no such rule.", Number(1, RetentionPolicy.MostKept)),
        new("age", "Runs that ended longer ago are deleted, 1h to 3650d. Default: no such rule.", Period),
        new("keepSucceeded", "So many of the newest runs that succeeded are kept in any case. Default: 1.", Number(0, RetentionPolicy.MostKept)),
    ]);

    public static Shape Image { get; } = new("image", "A container for a job.",
    [
        new("name", "The image's reference, such as registry.example.org/team/builder:1.2.", ImageReference, Required: true),
        new("credentials", "Name of the workspace's secret, of kind password, for the registry.", Name),
        new("cpus", "Processors, such as 0.5. Default: no limit.", Pattern(Reading.ContainerReader.CpusPattern)),
        new("memory", "Most memory, such as 512m or 2g. Default: no limit.", Pattern(Reading.ContainerReader.MemoryPattern)),
        new("pids", "Most processes at a time. Default: 2048.", Number(FewestPids, MostPids)),
        new("user", "Whom steps run as: job, the attempt's own user; root, in a user namespace of its own. Default: job.", Word("job", "root")),
        new("network", "own: one of its own; none; host: the machine's. Default: own.", Word("own", "none", "host")),
        new("pull", "When the image is fetched. Default: missing.", Word("missing", "always", "never")),
    ]);

    public static Shape Secret { get; } = new("secret", "A part of a secret.",
    [
        new("secret", "The secret's name.", Name, Required: true),
        new("field", "Which part of it. Default: text.", Word("text", "user", "password")),
        new("file", "Write the value to a file that only the job can read; the variable is its path. Default: false.", Flag),
    ]);

    public static Shape Retry { get; } = new("retry", "When a failed attempt is followed by another.",
    [
        new("limit", "How many further attempts.", Number(0, Retries), Required: true),
        new("on", "Only after these. Default: all of them.", Set(Word("failure", "timeout", "lost"), 1, 3)),
        new("delay", "Pause before the first further attempt, 0s to 24h. Default: none.", Period),
        new("factor", "By which the pause grows each time. Default: 2.", Number(1, RetryFactor)),
        new("maxDelay", "The longest pause, 1s to 24h. Default: 10m.", Period),
    ]);

    public static Shape Matrix { get; } = new("matrix", "Combinations of values; leg n runs as the job NAME-n.",
    [
        new("axes", "Values by variable; every combination is a leg.", Map(VariableName.Pattern, List(Scalar(EnvValueBytes), 1, Legs), 1, Axes)),
        new("include", "Further legs, each a map of variables to values.", List(Env, 1, Legs)),
        new("exclude", "Leaves out the combinations that have all of these values.", List(Env, 1, Legs)),
        new("maxParallel", "Legs queued or running at a time. Default: all.", Number(1, Legs)),
    ]);

    public static Shape Step { get; } = new("step", "A shell script.",
    [
        new("name", "For people. Default: the script's first line.", Scalar(StepNameLength)),
        new("run", "The script.", Scalar(ScriptBytes), Required: true),
        new("shell", "The interpreter, run with -e. Default: sh.", Word("sh", "bash")),
        new("directory", "Where to run, relative to the work folder.", Scalar(DirectoryLength)),
        new("env", "Environment of this step alone.", Env),
        new("timeout", "Limit for this step, 1s to 24h. Default: only the job's.", Period),
    ]);

    /// <summary>All of them, the root first.</summary>
    public static ImmutableArray<Shape> All { get; } = [Pipeline, Trigger, Parameter, Source, Stage, Gate, Job, Concurrency, Retention, Image, Service, Ready, Resources, Matrix, Secret, Retry, Step];

    private static System.Text.Json.Nodes.JsonObject ImageReference() => Pattern(Containers.ImageName.Pattern)();

    private static System.Text.Json.Nodes.JsonObject Command() => List(Scalar(CommandWordBytes), 1, CommandWords)();

    private static System.Text.Json.Nodes.JsonObject Parameters() =>
        Map(VariableName.Pattern, Ref("parameter"), 0, PipelineLimits.Parameters)();
}
