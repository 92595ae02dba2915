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
        [.. model.Plan.Stages.Zip(model.Head.Stages, Stage)],
        model.Head.Version);

    /// <summary>One stage.</summary>
    public static StageView Stage(StageSpec spec, StageRecord record) => new(
        spec.Name,
        record.State,
        [.. spec.Jobs.Select(job => job.Name)],
        spec.Gate,
        record.Decision,
        record.StartedAt,
        record.FinishedAt);

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
        attempt.Outputs);
}
