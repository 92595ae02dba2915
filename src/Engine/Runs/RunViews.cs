using Control.Contracts.Groups;
using Control.Contracts.Runs;

namespace Control.Engine.Runs;

/// <summary>What readers see of a run; projected at commit, so that reads never touch the grain's documents.</summary>
public static class RunViews
{
    /// <summary>The run with its stages.</summary>
    public static RunView Run(RunModel model) => new(
        model.Id,
        model.Head.State,
        model.Head.Reason,
        model.Head.Message,
        model.Head.DefinitionVersion,
        model.Plan.Source?.Repository,
        model.Head.Ref,
        model.Head.Commit,
        model.Head.Parameters,
        model.Head.CreatedAt,
        model.Head.StartedAt,
        model.Head.FinishedAt,
        model.Head.StartedBy,
        [.. model.Head.Stages.Select((_, index) => Stage(model, index))],
        model.Head.Version,
        model.Head.Earlier,
        model.Head.Round,
        model.Head.CancelMode,
        Waited(model.Head.Claims.FirstOrDefault(claim => claim.GrantedAt is null)),
        model.Head.Kept);

    /// <summary>One stage.</summary>
    public static StageView Stage(RunModel model, int index)
    {
        var (spec, record) = (model.Plan.Stages[index], model.Head.Stages[index]);
        return new StageView(
            spec.Name,
            record.State,
            [.. model.Jobs[index].Select(job => job.Key.Job)],
            spec.Gate,
            record.Decision,
            record.StartedAt,
            record.FinishedAt,
            record.Approvals,
            [.. model.Jobs[index].Select(job => Details(job, record)).OfType<JobView>()],
            record.Round,
            record.Since,
            Waited(record.Claim));
    }

    private static GroupId? Waited(RunClaim? claim) => claim is { GrantedAt: null } ? claim.Group : null;

    private static JobView? Details(PlannedJob job, StageRecord stage)
    {
        var details = Job(job, stage);
        return details is { Needs.IsEmpty: true, Matrix: null, AllowFailure: null, Skipped: null } ? null : details;
    }

    private static JobView Job(PlannedJob job, StageRecord stage) => new(
        job.Key.Job,
        job.Spec.Needs,
        job.Leg is { } leg ? string.Join(", ", leg.Values.Select(value => $"{value.Name}={value.Value}")) : null,
        job.Spec.AllowFailure ? true : null,
        stage.Skipped.GetValueOrDefault(job.Key.Job));

    /// <summary>One attempt.</summary>
    public static AttemptView Attempt(AttemptRecord attempt) => new(
        attempt.Id,
        attempt.State,
        attempt.Reason,
        attempt.Message,
        attempt.ExitCode,
        attempt.Agent?.Value,
        attempt.AgentName,
        attempt.Cause,
        attempt.By,
        attempt.QueuedAt,
        attempt.LeasedAt,
        attempt.StartedAt,
        attempt.FinishedAt,
        attempt.LogLength,
        attempt.Outputs,
        attempt.Round,
        attempt.NotBefore,
        attempt.IsTerminal ? null : Waited(attempt.Claim),
        attempt.Cleanup);
}
