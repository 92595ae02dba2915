using System.Collections.Immutable;

namespace Control.Contracts.Triggers;

/// <summary>The last tick of a trigger that was due.</summary>
/// <param name="At">The time that the schedule names, not when the run was started.</param>
/// <param name="Run">The run; null when none was started.</param>
/// <param name="Refusal">Why none was; null when one was.</param>
[GenerateSerializer, Immutable, Alias("control.trigger-tick")]
public sealed record TriggerTick([property: Id(0)] DateTimeOffset At, [property: Id(1)] RunId? Run, [property: Id(2)] string? Refusal);

/// <summary>A trigger as shown.</summary>
/// <param name="Name">Unique in the pipeline.</param>
/// <param name="Cron">When, in five fields.</param>
/// <param name="TimeZone">Where.</param>
/// <param name="Missed">What becomes of missed ticks.</param>
/// <param name="NextAt">The next tick; null while it is paused, or for never.</param>
/// <param name="Last">The last tick; null when there was none.</param>
/// <param name="Pause">Why it starts nothing; null when it does.</param>
[GenerateSerializer, Immutable, Alias("control.trigger-view")]
public sealed record TriggerView(
    [property: Id(0)] string Name,
    [property: Id(1)] string Cron,
    [property: Id(2)] string TimeZone,
    [property: Id(3)] MissedTicks Missed,
    [property: Id(4)] DateTimeOffset? NextAt,
    [property: Id(5)] TriggerTick? Last,
    [property: Id(6)] Hold? Pause);

/// <summary>The triggers of a pipeline.</summary>
/// <param name="Pipeline">Which.</param>
/// <param name="Triggers">In the definition's order.</param>
/// <param name="Version">Counts changes; the ETag.</param>
[GenerateSerializer, Immutable, Alias("control.triggers-view")]
public sealed record TriggersView(
    [property: Id(0)] PipelineId Pipeline, [property: Id(1)] ImmutableArray<TriggerView> Triggers, [property: Id(2)] long Version);

/// <summary>Pauses a trigger, or lets it go on.</summary>
/// <param name="Name">The trigger's.</param>
/// <param name="Hold">Whether, why, and who says so.</param>
[GenerateSerializer, Immutable, Alias("control.pause-trigger")]
public sealed record PauseTrigger([property: Id(0)] string Name, [property: Id(1)] SetHold Hold);

/// <summary>
/// Starts the runs of a pipeline's triggers. The key is a <see cref="PipelineId"/>. A start carries the tick's time as the
/// operation's id, so that repeating it is harmless: whatever dies, a tick starts one run.
/// </summary>
[Alias("control.ITriggerGrain")]
public interface ITriggerGrain : IGrainWithStringKey
{
    /// <summary>The definition is about to be changed: it looks for itself soon, so that whoever changes it may die right after.</summary>
    [Alias("Arm"), SafeToRetry]
    Task Arm();

    /// <summary>Takes the definition in and starts what is due. Harmless at any time.</summary>
    [Alias("Wake"), SafeToRetry]
    Task Wake();

    /// <summary>A start was answered; it sends itself this.</summary>
    [Alias("Fired"), SafeToRetry]
    Task Fired(string name, TriggerTick tick);

    /// <summary>Pauses a trigger or lets it go on; what was due while it was paused is not made up for.</summary>
    [Alias("Pause")]
    Task<Outcome<TriggersView>> Pause(PauseTrigger command);
}
