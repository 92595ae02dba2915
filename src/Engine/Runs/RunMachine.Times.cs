using Control.Contracts.Access;
using Control.Contracts.Runs;

namespace Control.Engine.Runs;

// What happens because time passes.
public sealed partial class RunMachine
{
    // An agent ends a job itself when its time is up; the server steps in where that was not heard of for so long.
    private static readonly TimeSpan TimeoutGrace = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Does everything whose time has come, and again what may have been lost; the due time moves on with the commit.
    /// </summary>
    public void Tick()
    {
        _effects.AddRange(Recover(_model));
        EndRunOverdue();
        if (CurrentStage() is { } index)
        {
            EndStageOverdue(index);
        }

        foreach (var attempt in _model.ActiveAttempts.Where(attempt => DueOf(_model, attempt) <= _now).ToList())
        {
            TickAttempt(attempt);
        }
    }

    /// <summary>When <see cref="Tick"/> will next have something to do; null for never.</summary>
    public static DateTimeOffset? NextDue(RunModel model)
    {
        if (model.Head.IsTerminal)
        {
            return null;
        }

        IEnumerable<DateTimeOffset?> dues = [RunDue(model), .. model.Head.Stages.Select((_, i) => StageDue(model, i)), .. model.ActiveAttempts.Select(attempt => DueOf(model, attempt))];
        return dues.Min();
    }

    private void EndRunOverdue()
    {
        if (RunDue(_model) <= _now)
        {
            SetOutcome(RunState.Failed, Reasons.TimedOut, $"The run took longer than {Pipelines.Duration.Text(_model.Plan.TimeoutSeconds)}.");
            StopActive();
            Advance(Actor.System);
        }
    }

    private void EndStageOverdue(int index)
    {
        if (!(StageDue(_model, index) <= _now))
        {
            return;
        }

        var (spec, stage) = (_model.Plan.Stages[index], _model.Head.Stages[index]);
        if (stage.State == StageState.Waiting)
        {
            DecideOverdue(index, spec.Gate!);
            return;
        }

        SetStage(index, stage with { TimedOut = true }, Actor.System);
        StopActive();
        Advance(Actor.System);
    }

    private void StopActive()
    {
        foreach (var attempt in _model.ActiveAttempts.ToList())
        {
            StopAttempt(attempt, Reasons.TimedOut, Actor.System);
        }
    }

    private void TickAttempt(AttemptRecord attempt)
    {
        switch (attempt.State)
        {
            case AttemptState.Delayed:
                Admit(attempt, Actor.System);
                break;
            case AttemptState.Leased or AttemptState.Running:
                StopAttempt(attempt, Reasons.TimedOut, Actor.System);
                break;
            case AttemptState.Stopping:
                EndAttempt(
                    attempt with { State = AttemptState.Lost, Reason = Reasons.TimedOut, Message = $"Its time ran out, and the agent {attempt.AgentName} did not say that it has stopped it. Look at that agent." },
                    Actor.System);
                break;
        }
    }

    // Not within 'finally', which must be able to clean up behind a run that took too long.
    private static DateTimeOffset? RunDue(RunModel model) =>
        model.Plan.TimeoutSeconds > 0 && model.Head is { IsTerminal: false, Outcome: null, RoundStartedAt: { } began }
            && !model.Plan.Stages.Zip(model.Head.Stages).Any(stage => stage.First.Always && stage.Second.State == StageState.Running)
            ? began + TimeSpan.FromSeconds(model.Plan.TimeoutSeconds)
            : null;

    private static DateTimeOffset? StageDue(RunModel model, int index) => (model.Plan.Stages[index], model.Head.Stages[index]) switch
    {
        ({ Gate.DeadlineSeconds: > 0 and var seconds }, { State: StageState.Waiting, StartedAt: { } began }) => began + TimeSpan.FromSeconds(seconds),
        ({ TimeoutSeconds: > 0 and var seconds }, { State: StageState.Running, TimedOut: false, RunningSince: { } began }) => began + TimeSpan.FromSeconds(seconds),
        _ => null,
    };

    private static DateTimeOffset? DueOf(RunModel model, AttemptRecord attempt) => attempt switch
    {
        { State: AttemptState.Delayed } => attempt.NotBefore,
        { State: AttemptState.Leased or AttemptState.Running, LeasedAt: { } leased } =>
            leased + TimeSpan.FromSeconds(model.Jobs[attempt.Id.Job].Spec.TimeoutSeconds) + TimeoutGrace,
        { State: AttemptState.Stopping, StopReason: Reasons.TimedOut, StoppingSince: { } since } =>
            since + TimeSpan.FromSeconds(attempt.LostAfterSeconds),
        _ => null,
    };
}
