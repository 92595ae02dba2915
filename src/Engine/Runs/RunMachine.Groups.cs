using System.Security.Cryptography;
using System.Text;
using Control.Contracts.Access;
using Control.Contracts.Events;
using Control.Contracts.Groups;
using Control.Contracts.Runs;

namespace Control.Engine.Runs;

// Places in concurrency groups. A run asks after its commit, and goes on only when the group has answered; it gives a place
// back with the commit that ends what needed it. The group asks by repeating its answer.
public sealed partial class RunMachine
{
    /// <summary>A group's answer. False when there is no such claim any more, which gives the place back.</summary>
    public bool Answer(ClaimAnswer answer)
    {
        var stage = _model.Head.Stages.ToList().FindIndex(record => record.Claim?.Fence == answer.Fence);
        var ofRun = _model.Head.Claims.FirstOrDefault(claim => claim.Fence == answer.Fence);
        var attempt = _model.ActiveAttempts.FirstOrDefault(one => one.Claim?.Fence == answer.Fence);
        if ((ofRun ?? (stage >= 0 ? _model.Head.Stages[stage].Claim : attempt?.Claim)) is not { } claim)
        {
            return false;
        }

        if (answer.Verdict == ClaimVerdict.Superseded)
        {
            Supersede(answer);
        }
        else if (IsOpen(claim))
        {
            var granted = answer.Verdict == ClaimVerdict.Granted ? claim with { GrantedAt = _now } : null;
            if (ofRun is not null) AnswerRun(ofRun, granted, answer.Message);
            else if (attempt is null) AnswerStage(stage, granted, answer.Message);
            else AnswerAttempt(attempt, granted, answer.Message);
        }

        return true;
    }

    /// <summary>What is asked of groups and not answered yet.</summary>
    private static IEnumerable<RunEffect.Claim> OpenClaims(RunModel model) =>
    [
        .. model.Head.Claims.Where(IsOpen).Select(claim => Ask(model, claim, "")),
        .. model.Head.Stages.Zip(model.Plan.Stages).Where(stage => IsOpen(stage.First.Claim)).Select(stage => Ask(model, stage.First.Claim!, stage.Second.Name)),
        .. model.ActiveAttempts.Where(attempt => IsOpen(attempt.Claim)).Select(attempt => Ask(model, attempt.Claim!, attempt.Id.LocalKey)),
    ];

    /// <summary>Since when what waits for a group last does: the run, or a part of it; null when nothing does.</summary>
    public static DateTimeOffset? WaitsSince(RunModel model)
    {
        IEnumerable<RunClaim?> claims = [.. model.Head.Claims, .. model.Head.Stages.Select(stage => stage.Claim), .. model.ActiveAttempts.Select(attempt => attempt.Claim)];
        return claims.Where(IsOpen).Max(claim => claim?.Since);
    }

    // Begins, or goes on, once the run has its places.
    private void Enter(RunEntry entry, Actor by)
    {
        SetHead(_model.Head with { Entry = entry });
        GoIn(by);
    }

    private void GoIn(Actor by)
    {
        if (NextClaim() is { } claim)
        {
            SetHead(_model.Head with { Claims = _model.Head.Claims.Add(claim), State = RunState.Queued });
            Emit(EventTypes.RunChanged, by, RunViews.Run(_model));
            return;
        }

        var entry = _model.Head.Entry!;
        SetHead(_model.Head with { Entry = null });
        if (entry.Resume)
        {
            Resume(entry.Stage, by);
        }
        else
        {
            StartFrom(entry.Stage, by);
        }
    }

    // One after the other, the workspace's last: who waits for a group does not take up what the workspace may run.
    private RunClaim? NextClaim()
    {
        var (spec, limits, claims) = (_model.Plan.Concurrency, _model.Head.Limits, _model.Head.Claims);
        if (spec is not null && claims.IsEmpty)
        {
            return Claim(spec, 0, null, "");
        }

        var group = GroupId.RunsOf(_model.Id.Pipeline.Workspace);
        return limits is { RunningRuns: > 0 } && !claims.Any(claim => claim.Group == group)
            ? Claim(group, limits.RunningRuns, GroupOverflow.Queue, limits.QueuedRuns, "")
            : null;
    }

    // In these, what is not granted is rejected.
    private void AnswerRun(RunClaim claim, RunClaim? granted, string message)
    {
        if (granted is not null)
        {
            SetHead(_model.Head with { Claims = _model.Head.Claims.Replace(claim, granted) });
            GoIn(Actor.System);
            return;
        }

        SetOutcome(RunState.Failed, Reasons.GroupFull, message);
        Finish(Actor.System);
    }

    private void AnswerStage(int index, RunClaim? granted, string message)
    {
        if (granted is not null)
        {
            SetStage(index, _model.Head.Stages[index] with { State = StageState.Running, RunningSince = _now, Claim = granted }, Actor.System);
        }
        else
        {
            SetOutcome(RunState.Failed, Reasons.GroupFull, message);
        }

        Advance(Actor.System);
    }

    private void AnswerAttempt(AttemptRecord attempt, RunClaim? granted, string message)
    {
        if (granted is not null)
        {
            Admit(attempt with { Claim = granted }, Actor.System);
            return;
        }

        EndAttempt(attempt with { State = AttemptState.Failed, Reason = Reasons.GroupFull, Message = message }, Actor.System);
    }

    // Its clean-up runs all the same.
    private void Supersede(ClaimAnswer answer)
    {
        if (_model.Head.CancelMode is null)
        {
            Cancel(CancelMode.AfterFinally, Reasons.Superseded, answer.Message, Actor.System);
        }
    }

    private RunClaim Claim(ConcurrencySpec spec, int stage, PlannedJob? job, string part)
    {
        var value = spec.By is { } by ? RunConditions.Text(_model, by, stage, job) : "";
        var group = new GroupId(_model.Id.Pipeline.Workspace, spec.Group, GroupId.IsValue(value) ? value : Digest(value));
        return Claim(group, spec.Limit, spec.Overflow, 0, part);
    }

    private RunClaim Claim(GroupId group, int limit, GroupOverflow overflow, int queue, string part)
    {
        var fence = _model.Head.LastLease + 1;
        SetHead(_model.Head with { LastLease = fence });
        var claim = new RunClaim(group, fence, limit, overflow, _now, null) { Queue = queue };
        _effects.Add(Ask(_model, claim, part));
        return claim;
    }

    private void Unclaim(RunClaim claim) => _effects.Add(new RunEffect.Unclaim(claim.Group, new ClaimRef(_model.Id, claim.Fence)));

    private static RunEffect.Claim Ask(RunModel model, RunClaim claim, string part) => new(
        claim.Group, new GroupClaim(new ClaimRef(model.Id, claim.Fence), part, model.Head.CreatedAt, claim.Limit, claim.Overflow, claim.Queue));

    private static bool IsOpen(RunClaim? claim) => claim is { GrantedAt: null };

    private static string Digest(string value) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)));
}
