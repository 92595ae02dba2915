using Control.Contracts.Access;
using Control.Contracts.Runs;
using Control.Engine.Sources;

namespace Control.Engine.Runs;

// Ended runs that go on: each time is a round of its own.
public sealed partial class RunMachine
{
    private const int MaxRounds = 100;

    /// <summary>Runs again what did not succeed, from the stage where the run ended.</summary>
    public Refusal? Retry(Actor by)
    {
        if (Gone() is { } gone)
        {
            return gone;
        }

        if (_model.Head.State is not (RunState.Failed or RunState.Cancelled))
        {
            return Refusal.Conflict(
                "run-not-retryable",
                $"The run is {Word(_model.Head.State)}; only failed and cancelled runs can be retried. Re-run it, or start a new run.",
                Word(_model.Head.State));
        }

        if (TooMany() is { } refusal)
        {
            return refusal;
        }

        var index = Math.Max(0, _model.Head.Stages.ToList().FindIndex(stage => stage.State is StageState.Failed or StageState.Cancelled));
        var stage = _model.Head.Stages[index];
        BeginRound(Causes.Retry, by);
        var mustAskAgain = _model.Plan.Stages[index].Gate is not null && stage.Decision is not { Approved: true };
        if (stage.State is StageState.Failed or StageState.Cancelled && !mustAskAgain)
        {
            Reset(index + 1, Causes.Stage, by);
            Enter(new RunEntry(index, Resume: true), by);
        }
        else
        {
            Reset(index, Causes.Stage, by);
            Prepare(index, by);
        }

        return null;
    }

    /// <summary>Runs stages again, whatever became of them.</summary>
    public Refusal? Rerun(Rerun command)
    {
        var index = command.Stage is null ? 0 : RunPlan.StageIndex(_model.Plan, command.Stage);
        var refusal = Gone() ?? CheckRerun(command, index) ?? TooMany();
        if (refusal is not null)
        {
            return refusal;
        }

        var values = command.Parameters.Aggregate(_model.Head.Parameters, (all, changed) => all.SetItem(changed.Key, changed.Value));
        var (parameters, errors) = Pipelines.ParameterBinder.Bind(_model.Plan.Parameters, values);
        if (!errors.IsEmpty)
        {
            return Refusal.BadRequest("bad-parameters", $"The run {_model.Id} does not accept these parameters.", errors);
        }

        BeginRound(Causes.Rerun, command.By);
        SetHead(_model.Head with { Parameters = parameters });
        if (command.Ref is { } @ref)
        {
            SetHead(_model.Head with { Ref = @ref, Commit = null, FullRef = null });
        }

        Reset(index, Causes.Rerun, command.By);
        Prepare(index, command.By);
        return null;
    }

    private Refusal? CheckRerun(Rerun command, int index)
    {
        if (index < 0)
        {
            return Refusal.NotFound($"A stage '{command.Stage}'");
        }

        if (!_model.Head.IsTerminal)
        {
            return Refusal.Conflict("run-not-finished", $"The run is {Word(_model.Head.State)}. Wait for its end, or cancel it.", Word(_model.Head.State));
        }

        if (index > 0 && (!command.Parameters.IsEmpty || command.Ref is not null))
        {
            return Refusal.BadRequest("bad-rerun", "Parameters and ref can change only when the whole run is run again. Leave out the stage, or them.");
        }

        if (command.Ref is { } @ref && (_model.Plan.Source is null ? "The pipeline has no source, so there is no ref to choose." : GitRef.Check(@ref)) is { } fault)
        {
            return Refusal.BadRequest("bad-rerun", fault, [new FieldError("ref", fault)]);
        }

        if (index > 0 && _model.Plan.Source is not null && _model.Head.Commit is null)
        {
            // All its stages are skipped, which is not what lets a later one go first.
            return Refusal.Conflict("stage-not-reached", "The commit of the source was not found, so no stage was reached. Re-run the whole run.", Word(_model.Head.State));
        }

        for (var i = 0; i < index; i++)
        {
            if (_model.Head.Stages[i].State is not (StageState.Succeeded or StageState.Skipped))
            {
                return Refusal.Conflict(
                    "stage-not-reached",
                    $"The stage '{_model.Plan.Stages[i].Name}' before it is {Word(_model.Head.Stages[i].State)}. Re-run from that stage or an earlier one.",
                    Word(_model.Head.Stages[i].State));
            }
        }

        return null;
    }

    private Refusal? TooMany() => _model.Head.Round < MaxRounds
        ? null
        : Refusal.Conflict("too-many-rounds", $"The run was run {MaxRounds} times. Start a new run.", Word(_model.Head.State));

    private void BeginRound(string cause, Actor by)
    {
        var head = _model.Head;
        var over = new RoundView(
            head.Round, head.RoundCause, head.RoundBy ?? head.StartedBy, head.State, head.Reason, head.Message,
            head.Parameters, head.Ref, head.Commit, head.FinishedAt);
        SetHead(head with
        {
            Round = head.Round + 1,
            RoundCause = cause,
            RoundBy = by,
            RoundStartedAt = null,
            Earlier = head.Earlier.Add(over),
            Outcome = null,
            CancelMode = null,
            Reason = null,
            Message = null,
            FinishedAt = null,
        });
    }

    // The jobs of the first stage are begun for that cause; the others follow it as always.
    private void Reset(int from, string cause, Actor by)
    {
        for (var i = from; i < _model.Head.Stages.Length; i++)
        {
            SetStage(i, StageRecord.Pending(_model.Head.Round) with { Cause = i == from ? cause : Causes.Stage }, by);
        }
    }

    // What succeeded there is kept, and its gate stays decided.
    private void Resume(int index, Actor by)
    {
        SetHead(_model.Head with { RoundStartedAt = _now });
        SetState(RunState.Running, by);
        var stage = _model.Head.Stages[index];
        BeginStage(
            index,
            StageRecord.Pending(_model.Head.Round) with
            {
                Since = stage.Since,
                Cause = Causes.Retry,
                Decision = stage.Decision,
                Approvals = stage.Approvals,
                StartedAt = stage.StartedAt,
            },
            by);
    }
}
