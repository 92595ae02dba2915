using Control.Contracts.Access;
using Control.Contracts.Events;
using Control.Contracts.Runs;

namespace Control.Engine.Runs;

// How jobs and stages follow each other and how the run ends.
public sealed partial class RunMachine
{
    /// <summary>Starts the first stage from there on that is to run; ends the run when there is none.</summary>
    private void StartFrom(int index, Actor by)
    {
        for (; index < _model.Plan.Stages.Length; index++)
        {
            if (MayBegin(index) && RunConditions.WhyNot(_model, index) is null)
            {
                StartStage(index, by);
                return;
            }

            SetStage(index, _model.Head.Stages[index] with { State = StageState.Skipped }, by);
        }

        Finish(by);
    }

    private void StartStage(int index, Actor by)
    {
        SetHead(_model.Head with { StartedAt = _model.Head.StartedAt ?? _now, RoundStartedAt = _model.Head.RoundStartedAt ?? _now });
        var stage = _model.Head.Stages[index] with { StartedAt = _now };
        if (_model.Plan.Stages[index].Gate is not null)
        {
            SetState(RunState.Waiting, by);
            SetStage(index, stage with { State = StageState.Waiting }, by);
            return;
        }

        if (_model.Head.CancelMode is null) SetState(RunState.Running, by);
        BeginStage(index, stage, by);
    }

    // Its jobs begin, once it has its place in the group that they need.
    private void BeginStage(int index, StageRecord stage, Actor by, string type = EventTypes.StageChanged)
    {
        stage = _model.Plan.Stages[index].Concurrency is { } spec
            ? stage with { State = StageState.Queued, Claim = Claim(spec, index, null, _model.Plan.Stages[index].Name) }
            : stage with { State = StageState.Running, RunningSince = _now };
        SetStage(index, stage, by, type);
        Advance(by);
    }

    /// <summary>Queues what can begin, and goes on to the next stage once nothing of the present one can change any more.</summary>
    private void Advance(Actor by)
    {
        if (CurrentStage() is not { } index)
        {
            return;
        }

        if (_model.Head.Stages[index].State is StageState.Waiting or StageState.Queued)
        {
            EndWaiting(index, by);
            return;
        }

        if (MayBegin(index))
        {
            BeginJobs(index, by);
        }

        if (IsSettled(index))
        {
            EndStage(index, by);
        }
    }

    // Nothing new begins in a stage whose time is up, nor once the run's end is decided, except for what always runs.
    private bool MayBegin(int index) =>
        !_model.Head.Stages[index].TimedOut
        && (_model.Head.Outcome is null || (_model.Plan.Stages[index].Always && _model.Head.CancelMode != CancelMode.Now));

    private bool IsSettled(int index) => MayBegin(index)
        ? _model.Jobs[index].All(job => JobRollup.IsTerminal(_model.StateOf(job)))
        : !_model.ActiveAttempts.Any();

    // What is skipped may be all that others waited for, so it is gone through until nothing changes.
    private void BeginJobs(int index, Actor by)
    {
        var skipped = _model.Head.Stages[index].Skipped;
        var pending = _model.Jobs[index].Where(job => _model.StateOf(job) == JobState.Pending).ToList();
        while (pending.RemoveAll(job => TryBegin(job, by)) > 0)
        {
        }

        if (_model.Head.Stages[index] is var stage && stage.Skipped != skipped)
        {
            SetStage(index, stage, by);
        }
    }

    private bool TryBegin(PlannedJob job, Actor by)
    {
        if (!job.Needs.All(need => JobRollup.IsTerminal(_model.StateOf(_model.Jobs[need]))))
        {
            return false;
        }

        if (RunConditions.WhyNot(_model, job) is { } reason)
        {
            var stage = _model.Head.Stages[job.Stage];
            stage = stage with { Skipped = stage.Skipped.SetItem(job.Key.Job, reason) };
            SetHead(_model.Head with { Stages = _model.Head.Stages.SetItem(job.Stage, stage) });
            return true;
        }

        if (job.Spec.Matrix is { MaxParallel: > 0 and var limit } && ActiveLegs(job) >= limit)
        {
            return false;
        }

        QueueAttempt(job, _model.Head.Stages[job.Stage].Cause, TimeSpan.Zero, by);
        return true;
    }

    private int ActiveLegs(PlannedJob job) =>
        _model.Jobs[job.Stage].Count(other => ReferenceEquals(other.Spec, job.Spec) && _model.Counting(other) is { IsTerminal: false });

    private void EndStage(int index, Actor by)
    {
        var (spec, stage) = (_model.Plan.Stages[index], _model.Head.Stages[index]);
        var jobs = _model.Jobs[index].Select(job => (Job: job, State: _model.StateOf(job))).ToList();
        var failed = jobs.Where(job => job.State == JobState.Failed && !job.Job.Spec.AllowFailure).Select(job => job.Job.Key.Job).ToList();
        var isWhole = jobs.TrueForAll(job => job.State is JobState.Succeeded or JobState.Failed or JobState.Skipped) && !jobs.Exists(job => WasStopped(job.Job));
        var state = (stage.TimedOut, isWhole) switch
        {
            (false, true) => failed.Count == 0 ? StageState.Succeeded : StageState.Failed,
            (false, false) when _model.Head.Outcome == RunState.Cancelled => StageState.Cancelled,
            _ => StageState.Failed,
        };
        SetStage(index, stage with { State = state, FinishedAt = _now }, by);
        if (stage.TimedOut)
        {
            SetOutcome(RunState.Failed, Reasons.TimedOut, $"The stage '{spec.Name}' took longer than {Pipelines.Duration.Text(spec.TimeoutSeconds)}.");
        }
        else if (state == StageState.Failed)
        {
            SetOutcome(RunState.Failed, Reasons.JobFailed, $"In stage '{spec.Name}' {Listed(failed)} failed.");
        }

        StartFrom(index + 1, by);
    }

    // An agent that is lost before it could confirm the stop does not make a failure of a cancellation.
    private bool WasStopped(PlannedJob job) =>
        _model.Head.Outcome == RunState.Cancelled && _model.Counting(job) is { State: AttemptState.Lost, StoppingSince: not null };

    // The run ends while it waits at a gate, or for a place in a group.
    private void EndWaiting(int index, Actor by)
    {
        if (_model.Head.Outcome is { } outcome)
        {
            var state = outcome == RunState.Cancelled ? StageState.Cancelled : StageState.Failed;
            SetStage(index, _model.Head.Stages[index] with { State = state, FinishedAt = _now }, by);
            StartFrom(index + 1, by);
        }
    }

    private void Finish(Actor by)
    {
        for (var i = 0; i < _model.Head.Stages.Length; i++)
        {
            if (_model.Head.Stages[i].State == StageState.Pending)
            {
                SetStage(i, _model.Head.Stages[i] with { State = StageState.Skipped }, by);
            }
        }

        foreach (var claim in _model.Head.Claims)
        {
            Unclaim(claim);
        }

        SetHead(_model.Head with { FinishedAt = _now, Claims = [], Entry = null });
        SetState(_model.Head.Outcome ?? RunState.Succeeded, by);
        _effects.Add(new RunEffect.Finished());
    }

    private int? CurrentStage()
    {
        for (var i = 0; i < _model.Head.Stages.Length; i++)
        {
            if (_model.Head.Stages[i].State is StageState.Running or StageState.Waiting or StageState.Queued)
            {
                return i;
            }
        }

        return null;
    }

    private static string Listed(List<string> jobs) =>
        jobs.Count <= 3 ? string.Join(", ", jobs) : $"{string.Join(", ", jobs.Take(3))} and {jobs.Count - 3} more";
}
