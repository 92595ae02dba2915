using Control.Contracts.Agents;
using Control.Contracts.Triggers;

namespace Control.Engine.Triggers;

/// <summary>A trigger and how far it has come.</summary>
/// <param name="Spec">What the definition says.</param>
/// <param name="NextAt">The first tick that is not done with; null for never.</param>
/// <param name="Pause">Why it starts nothing; null when it does.</param>
/// <param name="Last">The last tick that was due; null when there was none.</param>
public sealed record TriggerRecord(TriggerSpec Spec, DateTimeOffset? NextAt, Hold? Pause, TriggerTick? Last);

/// <summary>A tick for which a run is to be started.</summary>
/// <param name="Trigger">Which.</param>
/// <param name="At">The tick.</param>
public sealed record DueTick(TriggerSpec Trigger, DateTimeOffset At)
{
    /// <summary>Same tick, same run.</summary>
    public string OperationId => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"trigger/{Trigger.Name}/{At.ToUnixTimeSeconds()}");
}

/// <summary>The triggers of a pipeline: what their grain owns. One method per event, without I/O.</summary>
/// <param name="Triggers">In the definition's order.</param>
public sealed record TriggerModel(ImmutableArray<TriggerRecord> Triggers)
{
    /// <summary>Ticks that come late by no more than this are not missed: the scheduler has other things to do too.</summary>
    public static readonly TimeSpan Punctual = TimeSpan.FromMinutes(1);

    /// <summary>Most missed ticks of one trigger that are made up for.</summary>
    public const int MostMissed = 100;

    /// <summary>No triggers.</summary>
    public static TriggerModel Empty { get; } = new([]);

    /// <summary>The earliest time that something is due; null for never.</summary>
    public DateTimeOffset? NextDue => Triggers.Where(trigger => trigger.Pause is null).Min(trigger => trigger.NextAt);

    /// <summary>The definition says this now. A trigger whose times did not change goes on where it was.</summary>
    public TriggerModel Define(ImmutableArray<TriggerSpec> specs, DateTimeOffset now) => new([.. specs.Select(spec =>
        Triggers.FirstOrDefault(trigger => trigger.Spec.Name == spec.Name) is not { } known ? new TriggerRecord(spec, NextAfter(spec, now), null, null)
        : known.Spec.Cron == spec.Cron && known.Spec.TimeZone == spec.TimeZone ? known with { Spec = spec }
        : known with { Spec = spec, NextAt = NextAfter(spec, now) })]);

    /// <summary>The next tick of each trigger that is due, missed ones that count for nothing left out.</summary>
    public ImmutableArray<DueTick> Due(DateTimeOffset now) => [.. Triggers
        .Where(trigger => trigger.Pause is null && trigger.NextAt <= now)
        .Select(trigger => TickOf(trigger, now) is { } at ? new DueTick(trigger.Spec, at) : null)
        .OfType<DueTick>()];

    /// <summary>Ticks that count for nothing are done with.</summary>
    public TriggerModel Skip(DateTimeOffset now) => new([.. Triggers.Select(trigger =>
        trigger.Pause is null && trigger.NextAt <= now && TickOf(trigger, now) is null ? trigger with { NextAt = NextAfter(trigger.Spec, now) } : trigger)]);

    /// <summary>A run was started for a tick, or refused.</summary>
    public TriggerModel Fired(string name, TriggerTick tick, DateTimeOffset now) => Change(name, trigger => trigger.NextAt > tick.At
        ? trigger
        : trigger with { Last = tick, NextAt = NextAfter(trigger.Spec, trigger.Spec.Missed == MissedTicks.All ? tick.At : now) });

    /// <summary>A trigger is paused, or goes on with its next tick from now on.</summary>
    public TriggerModel SetPause(string name, Hold? pause, DateTimeOffset now) => Change(name, trigger =>
        trigger with { Pause = pause, NextAt = trigger.Pause is null ? trigger.NextAt : NextAfter(trigger.Spec, now) });

    private TriggerModel Change(string name, Func<TriggerRecord, TriggerRecord> change) =>
        new([.. Triggers.Select(trigger => trigger.Spec.Name == name ? change(trigger) : trigger)]);

    private static DateTimeOffset? NextAfter(TriggerSpec spec, DateTimeOffset at) => CronSchedule.Of(spec)?.NextAfter(at);

    private static DateTimeOffset? TickOf(TriggerRecord trigger, DateTimeOffset now)
    {
        var ticks = CronSchedule.Of(trigger.Spec)?.Latest(trigger.NextAt!.Value, now, trigger.Spec.Missed == MissedTicks.All ? MostMissed : 1) ?? [];
        return ticks.IsEmpty || (trigger.Spec.Missed == MissedTicks.Skip && now - ticks[0] > Punctual) ? null : ticks[0];
    }
}
