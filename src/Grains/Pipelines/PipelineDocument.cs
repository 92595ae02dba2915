using Control.Contracts.Workspaces;

namespace Control.Grains.Pipelines;

/// <summary>The document of a pipeline. It outlives deletion, so that run numbers are never given twice.</summary>
/// <param name="Description">Of the current definition.</param>
/// <param name="DefinitionVersion">Number of the current definition.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="UpdatedAt">When the current definition was put.</param>
/// <param name="UpdatedBy">Who put it.</param>
/// <param name="LastRun">The newest run number given out.</param>
/// <param name="Starts">The newest starts, oldest first: what makes a repeated start find its run.</param>
/// <param name="Deleted">True after deletion.</param>
/// <param name="Secrets">Names of the pipeline's own secrets, whose values are rows; null for none.</param>
/// <param name="Retention">Of the current definition; null for the workspace's policy.</param>
/// <param name="HasTriggers">The current definition has some.</param>
internal sealed record PipelineDocument(
    string Description,
    long DefinitionVersion,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    Actor UpdatedBy,
    long LastRun,
    ImmutableArray<StartRecord> Starts,
    bool Deleted,
    ImmutableSortedSet<string>? Secrets = null,
    RetentionPolicy? Retention = null,
    bool HasTriggers = false);

/// <summary>A start that was numbered.</summary>
/// <param name="OperationId">The caller's id of it.</param>
/// <param name="Number">The run's number.</param>
/// <param name="Pending">What makes the run, until it is known to be made; then null.</param>
internal sealed record StartRecord(string OperationId, long Number, PendingRun? Pending);

/// <summary>A run that was numbered but may not be made yet.</summary>
internal sealed record PendingRun(
    long DefinitionVersion,
    ImmutableSortedDictionary<string, string> Parameters,
    string? Ref,
    DateTimeOffset At,
    Actor By,
    string? TraceParent,
    WorkspaceLimits? Limits = null);
