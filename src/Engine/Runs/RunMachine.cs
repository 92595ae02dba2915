using Control.Contracts.Access;
using Control.Contracts.Events;
using Control.Contracts.Runs;

namespace Control.Engine.Runs;

/// <summary>
/// The state machine of a run. It takes in any number of events, one method each, and <see cref="Seal"/> gives the change
/// to commit. It does no I/O and changes nothing it was given, so a failed commit just drops it.
/// </summary>
/// <remarks>
/// <para>Run: Preparing → [Queued →] Running ⇄ Waiting → Succeeded | Failed; Preparing, Queued, Running, Waiting → Cancelling → Cancelled;
/// Failed, Cancelled → back, by <see cref="Retry"/>; every ended one by <see cref="Rerun"/>.</para>
/// <para>Attempt: [Delayed →] [Blocked →] Queued → Leased → Running → Succeeded | Failed | Lost; Delayed, Blocked, Queued → Cancelled; Leased,
/// Running → Stopping → Cancelled or, where its time ran out, Failed; or what it had become before the stop reached it.</para>
/// <para>A stage ends when none of its jobs can change any more; a failed job stops only those that need it. Once the run's
/// outcome is decided before its end, nothing begins any more but the jobs of <c>finally</c>.</para>
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
        var stages = command.Spec.Stages.Select(_ => StageRecord.Pending(round: 1)).ToImmutableArray();
        var head = new RunHead(
            RunState.Preparing, null, null, command.DefinitionVersion, command.Ref, null, command.Parameters, command.At, null, null,
            command.By, stages, 0, command.TraceParent, 0)
        {
            Limits = command.Limits,
            Event = command.By.Kind == ActorKind.Trigger ? "schedule" : "manual",
        };
        var machine = new RunMachine(
            new RunModel(id, command.Spec, head, ImmutableDictionary<string, AttemptRecord>.Empty), command.At);
        machine.Emit(EventTypes.RunCreated, command.By, RunViews.Run(machine._model));
        machine.Prepare(0, command.By);
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
        effects.AddRange(OpenClaims(model));
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

    /// <summary>The source's commit is known, or is not to be had.</summary>
    public void SourceResolved(SourceResolution resolution)
    {
        if (_model.Head.State != RunState.Preparing)
        {
            return;
        }

        if (resolution.Commit is { } commit)
        {
            SetHead(_model.Head with { Commit = commit, FullRef = resolution.FullRef });
            Enter(new RunEntry(0, Resume: false), Actor.System);
        }
        else
        {
            SetOutcome(RunState.Failed, Reasons.SourceNotFound, resolution.Error ?? "The source was not found.");
            Finish(Actor.System);
        }
    }

    /// <summary>
    /// Asks for the end of the run. Queued attempts end at once, held ones when their agent has stopped them or, where asked
    /// so, by themselves. A repeat may only make it more urgent.
    /// </summary>
    public Refusal? Cancel(CancelMode mode, Actor by)
    {
        if (mode is not (CancelMode.Now or CancelMode.AfterFinally or CancelMode.AfterRunning))
        {
            return Refusal.BadRequest("bad-mode", "The mode is not one of now, afterFinally, afterRunning.");
        }

        if (Gone() is { } gone)
        {
            return gone;
        }

        if (_model.Head.IsTerminal || _model.Head.CancelMode <= mode)
        {
            return Refusal.Conflict(
                "run-not-cancellable", $"The run is {Word(_model.Head.State)} already; there is nothing to cancel.", Word(_model.Head.State));
        }

        Cancel(mode, Reasons.Cancelled, "The run was cancelled.", by);
        return null;
    }

    private void Cancel(CancelMode mode, string reason, string message, Actor by)
    {
        var hasBegun = _model.Head.State != RunState.Preparing && _model.Head.Entry is null;
        SetHead(_model.Head with { CancelMode = mode });
        SetOutcome(RunState.Cancelled, reason, message);
        SetState(RunState.Cancelling, by);
        foreach (var attempt in _model.ActiveAttempts.Where(IsToBeStopped).ToList())
        {
            StopAttempt(attempt, Reasons.Cancelled, by);
        }

        if (hasBegun)
        {
            Advance(by);
        }
        else
        {
            Finish(by);
        }
    }

    private bool IsToBeStopped(AttemptRecord attempt) => _model.Head.CancelMode switch
    {
        CancelMode.Now => true,
        // What begins after the decision is what the cancellation waits for.
        _ when _model.Plan.Stages[_model.Jobs[attempt.Id.Job].Stage].Always => false,
        CancelMode.AfterRunning => !attempt.IsHeld,
        _ => true,
    };

    /// <summary>Starts from that stage on, once the source's commit is known; as long as it is not, no stage was reached.</summary>
    private void Prepare(int from, Actor by)
    {
        if (_model.Plan.Source is { } source && _model.Head.Commit is null)
        {
            SetState(RunState.Preparing, by);
            _effects.Add(new RunEffect.ResolveSource(source, _model.Head.Ref ?? source.Ref));
        }
        else
        {
            Enter(new RunEntry(from, Resume: false), by);
        }
    }

    private void SetHead(RunHead head) => _model = _model with { Head = head };

    // The first decision stands, but a cancellation is always told as one.
    private void SetOutcome(RunState state, string reason, string message)
    {
        if (_model.Head.Outcome is null || state == RunState.Cancelled)
        {
            SetHead(_model.Head with { Outcome = state, Reason = reason, Message = message });
        }
    }

    private void SetState(RunState state, Actor by)
    {
        if (_model.Head.State != state)
        {
            SetHead(_model.Head with { State = state });
            Emit(EventTypes.RunChanged, by, RunViews.Run(_model));
        }
    }

    private void SetStage(int index, StageRecord stage, Actor by, string type = EventTypes.StageChanged)
    {
        if (stage.Claim is { } claim && stage.State is not (StageState.Queued or StageState.Running))
        {
            Unclaim(claim);
            stage = stage with { Claim = null };
        }

        SetHead(_model.Head with { Stages = _model.Head.Stages.SetItem(index, stage) });
        Emit(type, by, RunViews.Stage(_model, index));
    }

    private void Emit(string type, Actor by, object view) => _events.Add(new RunEvent(type, _now, by, view));

    private static string Word<T>(T state)
        where T : struct, Enum => StateWords.Of(state);
}
