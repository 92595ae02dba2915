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
        var (state, reason) = Verdict(attempt, report);
        var finished = Before(_now, report.Ago, attempt);
        EndAttempt(
            attempt with
            {
                State = state,
                // The report of the start may never have come: the server was away.
                StartedAt = attempt.StartedAt ?? Before(finished, report.Ran, attempt),
                FinishedAt = finished,
                Reason = reason,
                Message = report.Message,
                ExitCode = report.ExitCode,
                LogLength = report.LogLength,
                Cleanup = report.Cleanup,
                Outputs = state == AttemptState.Succeeded ? Declared(attempt.Id.Job, report.Outputs) : attempt.Outputs,
            },
            by);
    }

    private static (AttemptState State, string? Reason) Verdict(AttemptRecord attempt, AttemptReport report) => report.Kind switch
    {
        ReportKind.Succeeded => (AttemptState.Succeeded, null),
        ReportKind.Failed => (AttemptState.Failed, report.Reason ?? Reasons.AgentError),
        // An agent stops on its own account when it was out of touch for too long: that is a loss, not a cancellation.
        _ when attempt.State != AttemptState.Stopping => (AttemptState.Lost, Reasons.AgentLost),
        _ when attempt.StopReason == Reasons.TimedOut => (AttemptState.Failed, Reasons.TimedOut),
        _ => (AttemptState.Cancelled, Reasons.Cancelled),
    };

    // What an agent says of times is believed as far as it fits between the lease and the time it counts back from.
    private static DateTimeOffset Before(DateTimeOffset from, TimeSpan? told, AttemptRecord attempt)
    {
        var room = from - (attempt.StartedAt ?? attempt.LeasedAt ?? from);
        return told is not { } span || span <= TimeSpan.Zero || room <= TimeSpan.Zero ? from : from - (span < room ? span : room);
    }

    private ImmutableSortedDictionary<string, string> Declared(JobKey job, ImmutableSortedDictionary<string, string> outputs)
    {
        var declared = _model.Jobs[job].Spec.Outputs;
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

        var job = _model.Jobs[ended.Id.Job];
        if (MayBegin(job.Stage) && RetryRule.Applies(_model, ended))
        {
            QueueAttempt(job, Causes.RetryRule, RetryRule.Pause(_model, ended), Actor.System);
            return;
        }

        Advance(by);
    }

    private void StopAttempt(AttemptRecord attempt, string reason, Actor by)
    {
        if (attempt.State is AttemptState.Queued or AttemptState.Delayed or AttemptState.Blocked)
        {
            SetAttempt(attempt with { State = AttemptState.Cancelled, Reason = reason, FinishedAt = _now }, by);
        }
        else if (attempt is { State: AttemptState.Leased or AttemptState.Running, Agent: { } agent })
        {
            SetAttempt(attempt with { State = AttemptState.Stopping, StopReason = reason, StoppingSince = _now }, by);
            _effects.Add(new RunEffect.Stop(agent, attempt.LeaseRef));
        }
    }

    private void QueueAttempt(PlannedJob job, string cause, TimeSpan pause, Actor by)
    {
        var number = (_model.LatestAttempt(job.Key)?.Id.Number ?? 0) + 1;
        var attempt = new AttemptRecord(
            new AttemptId(_model.Id, job.Key, number), AttemptState.Delayed, PoolKey.Of(job.Spec.Labels), cause, by, _now)
        {
            Round = _model.Head.Round,
            LostAfterSeconds = job.Spec.LostAfterSeconds,
        };
        if (pause > TimeSpan.Zero)
        {
            SetAttempt(attempt with { NotBefore = _now + pause }, by);
        }
        else
        {
            Admit(attempt, by);
        }
    }

    // To the agents; first, where it needs one, for a place in its group.
    private void Admit(AttemptRecord attempt, Actor by)
    {
        var job = _model.Jobs[attempt.Id.Job];
        if (job.Spec.Concurrency is { } spec && attempt.Claim is null)
        {
            SetAttempt(attempt with { State = AttemptState.Blocked, Claim = Claim(spec, job.Stage, job, attempt.Id.LocalKey) }, by);
            return;
        }

        SetAttempt(attempt with { State = AttemptState.Queued }, by);
        _effects.Add(new RunEffect.Enqueue(attempt.Pool, attempt.Id));
    }

    private void SetAttempt(AttemptRecord attempt, Actor by)
    {
        var key = attempt.Id.LocalKey;
        _model = _model with { Attempts = _model.Attempts.SetItem(key, attempt) };
        _changed[key] = attempt;
        if (attempt is { IsTerminal: true, Claim: { } claim })
        {
            Unclaim(claim);
        }

        Emit(EventTypes.AttemptChanged, by, RunViews.Attempt(attempt));
    }
}
