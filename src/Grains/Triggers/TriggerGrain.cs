using Control.Engine.Triggers;
using Control.Grains.Durable;

namespace Control.Grains.Triggers;

/// <summary>
/// The triggers of a pipeline. Decisions are made by <see cref="TriggerModel"/>. A tick is done with only when its start was
/// answered; until then it is asked for again under the same id. No turn waits for the pipeline to start a run, since a pipeline that
/// gets a new definition waits for this grain.
/// </summary>
internal sealed partial class TriggerGrain(GrainFacets facets, ILogger<TriggerGrain> log)
    : DurableGrain<TriggerDocument>(facets, SubjectKinds.Trigger), ITriggerGrain
{
    // Until a start is answered, it is looked at again this often, whatever got lost.
    private static readonly TimeSpan RecheckAfter = TimeSpan.FromSeconds(30);

    private readonly HashSet<string> _firing = new(StringComparer.Ordinal);

    private PipelineId Id => PipelineId.Parse(this.GetPrimaryKeyString());

    private IPipelineGrain Pipeline => GrainFactory.GetGrain<IPipelineGrain>(Id.ToString());

    private TriggerModel Model => Document?.Model ?? TriggerModel.Empty;

    public Task Arm()
    {
        var soon = Now + RecheckAfter;
        return Save(Model, WakeAt(Model) is { } due && due < soon ? due : soon);
    }

    public async Task Wake()
    {
        var model = Model.Define(await Pipeline.GetTriggers(), Now).Skip(Now);
        var due = model.Due(Now).Where(tick => _firing.Add(tick.Trigger.Name)).ToList();
        await Save(model, WakeAt(model));
        due.ForEach(tick => Fire(tick).Forget());
    }

    public Task Fired(string name, TriggerTick tick)
    {
        _firing.Remove(name);
        var model = Model.Fired(name, tick, Now);
        return Save(model, WakeAt(model));
    }

    public async Task<Outcome<TriggersView>> Pause(PauseTrigger command)
    {
        if (Model.Triggers.All(trigger => trigger.Spec.Name != command.Name))
        {
            return Refusal.NotFound($"A trigger '{command.Name}' of the pipeline {Id}");
        }

        var hold = command.Hold.Held ? new Hold(command.Hold.Reason, command.Hold.By, Now) : null;
        var model = Model.SetPause(command.Name, hold, Now);
        var view = TriggerViews.Of(Id, model, Version + 1);
        await Save(model, WakeAt(model), Event(EventTypes.ObjectChanged, command.Hold.By, view));
        return view;
    }

    private async Task Fire(DueTick tick)
    {
        var by = new Actor(ActorKind.Trigger, tick.Trigger.Name, tick.Trigger.Name);
        try
        {
            var parameters = tick.Trigger.Parameters.ToImmutableDictionary();
            var started = await Pipeline.Start(new StartRun(parameters, tick.Trigger.Ref, tick.OperationId, by, null));
            var told = started.Granted ? new TriggerTick(tick.At, started.Value.Run, null) : new TriggerTick(tick.At, null, started.Refusal.Message);
            await GrainFactory.GetGrain<ITriggerGrain>(Id.ToString()).Fired(tick.Trigger.Name, told);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogNotStarted(tick.Trigger.Name, Id, fault);
        }
        finally
        {
            _firing.Remove(tick.Trigger.Name);
        }
    }

    private DateTimeOffset? WakeAt(TriggerModel model) => model.Triggers
        .Where(trigger => trigger.Pause is null)
        .Min(trigger => _firing.Contains(trigger.Spec.Name) ? Now + RecheckAfter : trigger.NextAt);

    private Task Save(TriggerModel model, DateTimeOffset? wakeAt, params ImmutableArray<NewEvent> events) =>
        CommitAsync(new TriggerDocument(model), Index(model), events, default, wakeAt);

    private SubjectIndex Index(TriggerModel model) => new(
        Id.Workspace, Id.Workspace, 0, model.Triggers.IsEmpty ? "none" : "active", Terminal: true, Deleted: model.Triggers.IsEmpty,
        ContractJson.Write(TriggerViews.Of(Id, model, Version + 1)));

    [LoggerMessage(Level = LogLevel.Warning, Message = "The trigger {Trigger} could not start a run of {Pipeline}; it tries again within 30 s")]
    private partial void LogNotStarted(string trigger, PipelineId pipeline, Exception fault);
}
