using System.Collections.Immutable;

namespace Control.Contracts.Events;

/// <summary>Something that happened to a subject; sequences have no gaps and no repeats.</summary>
/// <param name="Sequence">From 1 within the subject.</param>
/// <param name="Type">Of <see cref="EventTypes"/>.</param>
/// <param name="At">When.</param>
/// <param name="By">Who.</param>
/// <param name="Data">A JSON object; never holds a secret.</param>
[GenerateSerializer, Immutable, Alias("control.event")]
public sealed record EventView(
    [property: Id(0)] long Sequence,
    [property: Id(1)] string Type,
    [property: Id(2)] DateTimeOffset At,
    [property: Id(3)] Actor By,
    [property: Id(4)] string Data);

/// <summary>Types of events; words on the wire, never renamed.</summary>
public static class EventTypes
{
    /// <summary>A run was accepted. Data: <c>RunView</c>.</summary>
    public const string RunCreated = "run.created";

    /// <summary>The run changed its state. Data: <c>RunView</c>.</summary>
    public const string RunChanged = "run.changed";

    /// <summary>A stage changed its state. Data: <c>StageView</c>.</summary>
    public const string StageChanged = "stage.changed";

    /// <summary>A gate was decided. Data: <c>StageView</c>.</summary>
    public const string GateDecided = "gate.decided";

    /// <summary>An attempt was made or changed its state. Data: <c>AttemptView</c>.</summary>
    public const string AttemptChanged = "attempt.changed";

    /// <summary>Anything else that changed a workspace, pipeline, agent or token. Data: its view.</summary>
    public const string ObjectChanged = "object.changed";

    /// <summary>The object was deleted. Data: empty.</summary>
    public const string ObjectDeleted = "object.deleted";

    /// <summary>Ended runs of a pipeline were deleted by a retention policy. Data: <c>RunsPruned</c>.</summary>
    public const string RunsPruned = "runs.pruned";

    /// <summary>A silo started. Data of this and the other events of silos: <c>SiloChange</c>.</summary>
    public const string SiloJoined = "silo.joined";

    /// <summary>A silo stopped in order.</summary>
    public const string SiloLeft = "silo.left";

    /// <summary>A silo no longer renews its row: killed, cut off, or paused.</summary>
    public const string SiloLost = "silo.lost";

    /// <summary>A silo that had been found lost renews its row again.</summary>
    public const string SiloBack = "silo.back";

    /// <summary>All types, for the documentation and its test.</summary>
    public static ImmutableArray<string> All { get; } =
    [
        RunCreated, RunChanged, StageChanged, GateDecided, AttemptChanged, ObjectChanged, ObjectDeleted, RunsPruned,
        SiloJoined, SiloLeft, SiloLost, SiloBack,
    ];
}
