namespace Control.Storage;

/// <summary>Names one subject: a piece of state with a single writer, its events and its child rows.</summary>
/// <param name="Kind">Of <see cref="SubjectKinds"/>.</param>
/// <param name="Key">The grain's key within the kind.</param>
public readonly record struct SubjectKey(string Kind, string Key)
{
    /// <summary>The log of one attempt, as a subject of <see cref="Signals.ChangeSignal"/> only.</summary>
    public static SubjectKey Log(Contracts.Runs.AttemptId attempt) => new(SubjectKinds.Log, attempt.ToString());

    /// <summary>The text form <c>kind:key</c>.</summary>
    public override string ToString() => $"{Kind}:{Key}";
}

/// <summary>Kinds of subjects; words in the database, never renamed.</summary>
public static class SubjectKinds
{
    /// <summary>A workspace; key: its name.</summary>
    public const string Workspace = "workspace";

    /// <summary>A pipeline; key: its id.</summary>
    public const string Pipeline = "pipeline";

    /// <summary>A run; key: its id.</summary>
    public const string Run = "run";

    /// <summary>What retention does for a pipeline; key: the pipeline's id.</summary>
    public const string Retention = "retention";

    /// <summary>The triggers of a pipeline; key: the pipeline's id.</summary>
    public const string Trigger = "trigger";

    /// <summary>A concurrency group; key: its id.</summary>
    public const string Group = "group";

    /// <summary>A build agent; key: its id.</summary>
    public const string Agent = "agent";

    /// <summary>A pool that is or was held; key: its labels.</summary>
    public const string Pool = "pool";

    /// <summary>A Kubernetes cluster; key: its name.</summary>
    public const string Cluster = "cluster";

    /// <summary>An access token; key: its id.</summary>
    public const string Token = "token";

    /// <summary>A join token; key: its id.</summary>
    public const string JoinToken = "join-token";

    /// <summary>A silo; key: its boot id.</summary>
    public const string Silo = "silo";

    /// <summary>An attempt's log; key: the attempt's id. Only signalled, never committed.</summary>
    public const string Log = "log";
}
