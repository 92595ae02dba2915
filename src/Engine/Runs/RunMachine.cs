using Control.Contracts.Access;
using Control.Contracts.Events;
using Control.Contracts.Runs;

namespace Control.Engine.Runs;

/// <summary>
/// The state machine of a run. It takes in any number of events, one method each, and <see cref="Seal"/> gives the change
/// to commit. It does no I/O and changes nothing it was given, so a failed commit just drops it.
/// </summary>
/// <remarks>
/// <para>Run: Preparing → Running ⇄ Waiting → Succeeded | Failed; Preparing, Running, Waiting → Cancelling → Cancelled;
/// Failed, Cancelled → back, by <see cref="Retry"/>.</para>
/// <para>Attempt: Queued → Leased → Running → Succeeded | Failed | Lost; Queued → Cancelled; Leased, Running → Stopping →
/// Cancelled, or what it had become before the stop reached it.</para>
/// <para>A stage ends when the last attempt of its jobs has ended; a failed job does not stop its siblings.</para>
/// </remarks>
public sealed partial class RunMachine
{
    private readonly DateTimeOffset _now;
    private readonly List<RunEvent> _events = [];
    private readonly List<RunEffect> _effects = [];
    private readonly Dictionary<string, AttemptRecord> _changed = [];
    private RunModel _model;

    /// <summary>A machine at the given state and time. What it makes is the state's next version.</summary>
    public RunMachine(RunModel model, DateTimeOffset now)
    {
        _model = model with { Head = model.Head with { Version = model.Head.Version + 1 } };
        _now = now;
    }

    /// <summary>The state with every event so far taken in; not committed yet.</summary>
    public RunModel Model => _model;

    /// <summary>A new run: the state to begin from and the change that makes it.</summary>
    public static RunChange Create(RunId id, CreateRun command)
    {
        var stages = command.Spec.Stages.Select(_ => StageRecord.Pending).ToImmutableArray();
        var head = new RunHead(
            RunState.Preparing, null, null, command.DefinitionVersion, command.Ref, null, command.Parameters, command.At, null, null,
            command.By, stages, 0, command.TraceParent, 0);
        var machine = new RunMachine(
            new RunModel(id, command.Spec, head, ImmutableDictionary<string, AttemptRecord>.Empty), command.At);
        machine.Emit(EventTypes.RunCreated, command.By, RunViews.Run(machine._model));
        machine.Prepare(command.By);
        return machine.Seal();
    }

    /// <summary>Everything since the machine was made.</summary>
    public RunChange Seal() => new(_model, [.. _changed.Values], [.. _events], [.. _effects]);

    /// <summary>
    /// What has to be done again because it may have been lost with the process that should have done it. Run on every
    /// activation; needs no commit.
    /// </summary>
    public static ImmutableArray<RunEffect> Recover(RunModel model)
    {
        if (model.Head.State == RunState.Preparing && model.Plan.Source is { } source)
        {
            return [new RunEffect.ResolveSource(source, model.Head.Ref ?? source.Ref)];
        }

        var effects = ImmutableArray.CreateBuilder<RunEffect>();
        foreach (var attempt in model.ActiveAttempts)
        {
            if (attempt.State == AttemptState.Queued)
            {
                effects.Add(new RunEffect.Enqueue(attempt.Pool, attempt.Id));
            }
            else if (attempt is { State: AttemptState.Stopping, Agent: { } agent })
            {
                effects.Add(new RunEffect.Stop(agent, attempt.LeaseRef));
            }
        }

        return effects.ToImmutable();
    }

    /// <summary>Does again what may have been lost; the due time moves on with the commit.</summary>
    public void Recheck() => _effects.AddRange(Recover(_model));

    /// <summary>The source's commit is known, or is not to be had.</summary>
    public void SourceResolved(SourceResolution resolution)
    {
        if (_model.Head.State != RunState.Preparing)
        {
            return;
        }

        if (resolution.Commit is { } commit)
        {
            SetHead(_model.Head with { Commit = commit });
            StartStage(0, Actor.System);
        }
        else
        {
            Finish(RunState.Failed, Reasons.SourceNotFound, resolution.Error ?? "The source was not found.", Actor.System);
        }
    }

    /// <summary>A person's decision at the gate.</summary>
    public Refusal? Decide(DecideGate command)
    {
        var index = RunPlan.StageIndex(_model.Plan, command.Stage);
        if (index < 0 || _model.Plan.Stages[index].Gate is not { } gate)
        {
            return Refusal.NotFound($"A gate '{command.Stage}'");
        }

        var stage = _model.Head.Stages[index];
        if (_model.Head.State != RunState.Waiting || stage.State != StageState.Waiting)
        {
            return Refusal.Conflict(
                "gate-not-waiting",
                $"The gate '{command.Stage}' does not wait for a decision: the run is {Word(_model.Head.State)}, the stage {Word(stage.State)}.",
                Word(stage.State));
        }

        return command.Approve ? Approve(index, gate, command) : Reject(index, command);
    }

    /// <summary>Asks for the end of the run. Queued attempts end at once, held ones when their agent has stopped them.</summary>
    public Refusal? Cancel(Actor by)
    {
        if (_model.Head.IsTerminal || _model.Head.State == RunState.Cancelling)
        {
            return Refusal.Conflict(
                "run-not-cancellable", $"The run is {Word(_model.Head.State)} already; there is nothing to cancel.", Word(_model.Head.State));
        }

        SetState(RunState.Cancelling, by);
        foreach (var attempt in _model.ActiveAttempts.ToList())
        {
            StopAttempt(attempt, by);
        }

        FinishIfCancelled(by);
        return null;
    }

    /// <summary>Runs again what did not succeed, from the stage where the run ended.</summary>
    public Refusal? Retry(Actor by)
    {
        if (_model.Head.State is not (RunState.Failed or RunState.Cancelled))
        {
            return Refusal.Conflict(
                "run-not-retryable",
                $"The run is {Word(_model.Head.State)}; only failed and cancelled runs can be retried. Start a new run instead.",
                Word(_model.Head.State));
        }

        SetHead(_model.Head with { Reason = null, Message = null, FinishedAt = null });
        for (var i = 0; i < _model.Head.Stages.Length; i++)
        {
            if (_model.Head.Stages[i].State is StageState.Skipped)
            {
                SetStage(i, StageRecord.Pending, by);
            }
        }

        Resume(by);
        return null;
    }

    private void Prepare(Actor by)
    {
        if (_model.Plan.Source is { } source)
        {
            _effects.Add(new RunEffect.ResolveSource(source, _model.Head.Ref ?? source.Ref));
        }
        else
        {
            StartStage(0, by);
        }
    }

    private void Resume(Actor by)
    {
        if (_model.Plan.Source is not null && _model.Head.Commit is null)
        {
            SetState(RunState.Preparing, by);
            Prepare(by);
            return;
        }

        var index = _model.Head.Stages.ToList().FindIndex(stage => stage.State != StageState.Succeeded);
        var stage = _model.Head.Stages[index];
        var mustAskAgain = _model.Plan.Stages[index].Gate is not null && stage.Decision is not { Approved: true };
        if (stage.State == StageState.Pending || mustAskAgain)
        {
            SetStage(index, StageRecord.Pending, by);
            StartStage(index, by);
            return;
        }

        SetState(RunState.Running, by);
        SetStage(index, stage with { State = StageState.Running, FinishedAt = null }, by);
        QueueJobs(index, Causes.Retry, by);
    }

    private Refusal? Approve(int index, GateSpec gate, DecideGate command)
    {
        var (values, errors) = Pipelines.ParameterBinder.Bind(gate.Parameters, command.Parameters);
        if (!errors.IsEmpty)
        {
            return Refusal.BadRequest("bad-parameters", $"The gate '{command.Stage}' does not accept these parameters.", errors);
        }

        var decision = new GateDecision(true, command.Comment, values, command.By, _now);
        SetStage(index, _model.Head.Stages[index] with { State = StageState.Running, Decision = decision }, command.By, EventTypes.GateDecided);
        SetState(RunState.Running, command.By);
        QueueJobs(index, Causes.Stage, command.By);
        return null;
    }

    private Refusal? Reject(int index, DecideGate command)
    {
        var decision = new GateDecision(
            false, command.Comment, ImmutableSortedDictionary<string, string>.Empty, command.By, _now);
        SetStage(
            index,
            _model.Head.Stages[index] with { State = StageState.Failed, Decision = decision, FinishedAt = _now },
            command.By,
            EventTypes.GateDecided);
        Finish(RunState.Failed, Reasons.Rejected, $"{command.By.Name} rejected the gate '{command.Stage}'.", command.By);
        return null;
    }

    private static string Word<T>(T state)
        where T : struct, Enum => StateWords.Of(state);
}
