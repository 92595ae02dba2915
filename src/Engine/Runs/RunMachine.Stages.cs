using Control.Contracts.Access;
using Control.Contracts.Events;
using Control.Contracts.Runs;

namespace Control.Engine.Runs;

// How stages follow each other and how the run ends.
public sealed partial class RunMachine
{
    private void StartStage(int index, Actor by)
    {
        SetHead(_model.Head with { StartedAt = _model.Head.StartedAt ?? _now });
        if (_model.Plan.Stages[index].Gate is not null)
        {
            SetState(RunState.Waiting, by);
            SetStage(index, _model.Head.Stages[index] with { State = StageState.Waiting, StartedAt = _now }, by);
            return;
        }

        SetState(RunState.Running, by);
        SetStage(index, _model.Head.Stages[index] with { State = StageState.Running, StartedAt = _now }, by);
        QueueJobs(index, Causes.Stage, by);
    }

    private void AdvanceStage(Actor by)
    {
        var index = CurrentStage();
        if (index < 0)
        {
            return;
        }

        var stage = _model.Plan.Stages[index];
        var jobs = stage.Jobs.Select(job => JobRollup.Of(_model.LatestAttempt(new JobKey(stage.Name, job.Name)), StageState.Running)).ToList();
        if (!jobs.TrueForAll(JobRollup.IsTerminal))
        {
            return;
        }

        var failed = stage.Jobs.Where((_, i) => jobs[i] != JobState.Succeeded).Select(job => job.Name).ToList();
        var state = failed.Count == 0 ? StageState.Succeeded : StageState.Failed;
        SetStage(index, _model.Head.Stages[index] with { State = state, FinishedAt = _now }, by);
        if (failed.Count > 0)
        {
            Finish(RunState.Failed, Reasons.JobFailed, $"In stage '{stage.Name}' {Listed(failed)} failed.", by);
        }
        else if (index + 1 < _model.Plan.Stages.Length)
        {
            StartStage(index + 1, by);
        }
        else
        {
            Finish(RunState.Succeeded, null, null, by);
        }
    }

    private void FinishIfCancelled(Actor by)
    {
        if (_model.ActiveAttempts.Any())
        {
            return;
        }

        for (var i = 0; i < _model.Head.Stages.Length; i++)
        {
            if (_model.Head.Stages[i] is { State: StageState.Running or StageState.Waiting } stage)
            {
                SetStage(i, stage with { State = StageState.Cancelled, FinishedAt = _now }, by);
            }
        }

        Finish(RunState.Cancelled, Reasons.Cancelled, "The run was cancelled.", by);
    }

    private void Finish(RunState state, string? reason, string? message, Actor by)
    {
        for (var i = 0; i < _model.Head.Stages.Length; i++)
        {
            if (_model.Head.Stages[i].State == StageState.Pending)
            {
                SetStage(i, _model.Head.Stages[i] with { State = StageState.Skipped }, by);
            }
        }

        SetHead(_model.Head with { Reason = reason, Message = message, FinishedAt = _now });
        SetState(state, by);
        _effects.Add(new RunEffect.Finished());
    }

    private int CurrentStage()
    {
        for (var i = 0; i < _model.Head.Stages.Length; i++)
        {
            if (_model.Head.Stages[i].State == StageState.Running)
            {
                return i;
            }
        }

        return -1;
    }

    private void SetHead(RunHead head) => _model = _model with { Head = head };

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
        SetHead(_model.Head with { Stages = _model.Head.Stages.SetItem(index, stage) });
        Emit(type, by, RunViews.Stage(_model.Plan.Stages[index], stage));
    }

    private void Emit(string type, Actor by, object view) => _events.Add(new RunEvent(type, _now, by, view));

    private static string Listed(List<string> jobs) =>
        jobs.Count <= 3 ? string.Join(", ", jobs) : $"{string.Join(", ", jobs.Take(3))} and {jobs.Count - 3} more";
}
