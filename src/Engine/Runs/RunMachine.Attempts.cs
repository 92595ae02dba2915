using Control.Contracts.Access;
using Control.Contracts.Agents;
using Control.Contracts.Events;
using Control.Contracts.Runs;

namespace Control.Engine.Runs;

// Events of attempts: lease, reports, loss.
public sealed partial class RunMachine
{
    /// <summary>Gives a queued attempt to an agent; the returned assignment counts only once the change is committed.</summary>
    public Outcome<Assignment> TryLease(AttemptId id, AgentId agent, string agentName)
    {
        if (!_model.Attempts.TryGetValue(id.LocalKey, out var attempt))
        {
            return Refusal.NotFound($"The attempt {id}");
        }

        if (attempt.State != AttemptState.Queued)
        {
            return Refusal.Conflict("attempt-not-queued", $"The attempt {id} is {Word(attempt.State)}.", Word(attempt.State));
        }

        var lease = _model.Head.LastLease + 1;
        SetHead(_model.Head with { LastLease = lease });
        var leased = attempt with { State = AttemptState.Leased, Agent = agent, AgentName = agentName, Lease = lease, LeasedAt = _now };
        SetAttempt(leased, Actor.System);
        return Assignments.Of(_model, leased);
    }

    /// <summary>
    /// Takes in an agent's report. Repeats of what is known are granted without a change; a lease that does not hold is
    /// refused, which tells the agent to stop.
    /// </summary>
    public Refusal? Report(AttemptReport report)
    {
        if (!_model.Attempts.TryGetValue(report.Attempt.LocalKey, out var attempt)
            || attempt.Lease != report.Lease
            || attempt.Agent != report.Agent
            || attempt.State == AttemptState.Lost)
        {
            return Refusal.Conflict("stale-lease", $"The lease {report.Lease} of {report.Attempt} does not hold.", "stale");
        }

        if (attempt.IsTerminal)
        {
            return null;
        }

        var by = new Actor(ActorKind.Agent, report.Agent.Value, attempt.AgentName ?? report.Agent.Value);
        switch (report.Kind)
        {
            case ReportKind.Started:
                Started(attempt, report, by);
                return null;
            case ReportKind.Succeeded or ReportKind.Failed or ReportKind.Stopped:
                Ended(attempt, report, by);
                return null;
            default:
                return Refusal.BadRequest("bad-report", "The report's kind is not one of started, succeeded, failed, stopped.");
        }
    }

    /// <summary>The agent that holds the lease is gone for good.</summary>
    public void AttemptLost(LeaseRef lease, string reason)
    {
        if (!_model.Attempts.TryGetValue(lease.Attempt.LocalKey, out var attempt) || attempt.Lease != lease.Lease || !attempt.IsHeld)
        {
            return;
        }

        var name = attempt.AgentName ?? attempt.Agent?.Value;
        var message = reason == Reasons.AgentRestarted
            ? $"The agent {name} was restarted; what it ran is gone."
            : $"The agent {name} was silent for longer than {attempt.LostAfterSeconds} s.";
        EndAttempt(attempt with { State = AttemptState.Lost, Reason = reason, Message = message }, Actor.System);
    }

    private void Started(AttemptRecord attempt, AttemptReport report, Actor by)
    {
        if (attempt.StartedAt is null)
        {
            var state = attempt.State == AttemptState.Leased ? AttemptState.Running : attempt.State;
            SetAttempt(attempt with { State = state, StartedAt = Before(_now, report.Ago, attempt) }, by);
        }
    }

    private void Ended(AttemptRecord attempt, AttemptReport report, Actor by)
    {
        var state = report.Kind switch
        {
            ReportKind.Succeeded => AttemptState.Succeeded,
            ReportKind.Failed => AttemptState.Failed,
            // An agent stops on its own account when it was out of touch for too long: that is a loss, not a cancellation.
            _ => attempt.State == AttemptState.Stopping ? AttemptState.Cancelled : AttemptState.Lost,
        };
        var finished = Before(_now, report.Ago, attempt);
        EndAttempt(
            attempt with
            {
                State = state,
                // The report of the start may never have come: the server was away.
                StartedAt = attempt.StartedAt ?? Before(finished, report.Ran, attempt),
                FinishedAt = finished,
                Reason = state switch
                {
                    AttemptState.Succeeded => null,
                    AttemptState.Failed => report.Reason ?? Reasons.AgentError,
                    AttemptState.Cancelled => Reasons.Cancelled,
                    _ => Reasons.AgentLost,
                },
                Message = report.Message,
                ExitCode = report.ExitCode,
                LogLength = report.LogLength,
                Outputs = state == AttemptState.Succeeded ? Declared(attempt.Id.Job, report.Outputs) : attempt.Outputs,
            },
            by);
    }

    // What an agent says of times is believed as far as it fits between the lease and the time it counts back from.
    private static DateTimeOffset Before(DateTimeOffset from, TimeSpan? told, AttemptRecord attempt)
    {
        var room = from - (attempt.StartedAt ?? attempt.LeasedAt ?? from);
        return told is not { } span || span <= TimeSpan.Zero || room <= TimeSpan.Zero ? from : from - (span < room ? span : room);
    }

    private ImmutableSortedDictionary<string, string> Declared(JobKey job, ImmutableSortedDictionary<string, string> outputs)
    {
        var declared = RunPlan.Job(_model.Plan, job).Outputs;
        return outputs.Where(output => declared.Contains(output.Key)).ToImmutableSortedDictionary();
    }

    private void EndAttempt(AttemptRecord attempt, Actor by)
    {
        var ended = attempt with { FinishedAt = attempt.FinishedAt ?? _now };
        SetAttempt(ended, by);
        if (ended.Agent is { } agent)
        {
            _effects.Add(new RunEffect.Release(agent, ended.LeaseRef));
        }

        if (_model.Head.State == RunState.Cancelling)
        {
            FinishIfCancelled(by);
            return;
        }

        if (RetryRule.Applies(_model, ended))
        {
            QueueAttempt(ended.Id.Job, Causes.RetryRule, Actor.System);
            return;
        }

        AdvanceStage(by);
    }

    private void StopAttempt(AttemptRecord attempt, Actor by)
    {
        if (attempt.State == AttemptState.Queued)
        {
            SetAttempt(attempt with { State = AttemptState.Cancelled, Reason = Reasons.Cancelled, FinishedAt = _now }, by);
        }
        else if (attempt is { State: AttemptState.Leased or AttemptState.Running, Agent: { } agent })
        {
            SetAttempt(attempt with { State = AttemptState.Stopping }, by);
            _effects.Add(new RunEffect.Stop(agent, attempt.LeaseRef));
        }
    }

    private void QueueJobs(int stageIndex, string cause, Actor by)
    {
        var stage = _model.Plan.Stages[stageIndex];
        foreach (var job in stage.Jobs)
        {
            var key = new JobKey(stage.Name, job.Name);
            if (_model.LatestAttempt(key)?.State != AttemptState.Succeeded)
            {
                QueueAttempt(key, cause, by);
            }
        }

        // A pure gate has no jobs, and on a retry all of them may have succeeded before the cancellation.
        AdvanceStage(by);
    }

    private void QueueAttempt(JobKey key, string cause, Actor by)
    {
        var job = RunPlan.Job(_model.Plan, key);
        var number = (_model.LatestAttempt(key)?.Id.Number ?? 0) + 1;
        var attempt = new AttemptRecord(new AttemptId(_model.Id, key, number), AttemptState.Queued, PoolKey.Of(job.Labels), cause, by, _now)
        {
            LostAfterSeconds = job.LostAfterSeconds,
        };
        SetAttempt(attempt, by);
        _effects.Add(new RunEffect.Enqueue(attempt.Pool, attempt.Id));
    }

    private void SetAttempt(AttemptRecord attempt, Actor by)
    {
        var key = attempt.Id.LocalKey;
        _model = _model with { Attempts = _model.Attempts.SetItem(key, attempt) };
        _changed[key] = attempt;
        Emit(EventTypes.AttemptChanged, by, RunViews.Attempt(attempt));
    }
}
