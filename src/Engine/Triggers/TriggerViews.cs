using Control.Contracts.Triggers;

namespace Control.Engine.Triggers;

/// <summary>What is shown of triggers.</summary>
public static class TriggerViews
{
    /// <summary>All of a pipeline's.</summary>
    public static TriggersView Of(PipelineId pipeline, TriggerModel model, long version) => new(pipeline, [.. model.Triggers.Select(One)], version);

    private static TriggerView One(TriggerRecord trigger) => new(
        trigger.Spec.Name,
        trigger.Spec.Cron,
        trigger.Spec.TimeZone,
        trigger.Spec.Missed,
        trigger.Pause is null ? trigger.NextAt : null,
        trigger.Last,
        trigger.Pause);
}
