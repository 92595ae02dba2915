using Control.Cli.Output;
using Control.Contracts;
using Control.Contracts.Events;
using Control.Contracts.Runs;

namespace Control.Cli.Runs;

/// <summary>A run as its events tell it: each event replaces the part it carries, so replaying all of them gives the present.</summary>
internal sealed class RunProgress
{
    private readonly Dictionary<(JobKey Job, int Number), AttemptView> _attempts = [];

    /// <summary>The run; null before its first event.</summary>
    public RunView? Run { get; private set; }

    public IReadOnlyCollection<AttemptView> Attempts => _attempts.Values;

    /// <summary>Starts from what the server says now.</summary>
    public void Reset(RunView run, IEnumerable<AttemptView> attempts)
    {
        Run = run;
        foreach (var attempt in attempts)
        {
            _attempts[(attempt.Id.Job, attempt.Id.Number)] = attempt;
        }
    }

    /// <summary>Takes an event in.</summary>
    /// <returns>The change in one line of stable format; null when the event shows none.</returns>
    public string? Apply(EventView e)
    {
        var change = e.Type switch
        {
            EventTypes.RunCreated or EventTypes.RunChanged => Apply(ContractJson.Read<RunView>(e.Data)),
            EventTypes.StageChanged or EventTypes.GateDecided => Apply(ContractJson.Read<StageView>(e.Data), e.Type),
            EventTypes.AttemptChanged => Apply(ContractJson.Read<AttemptView>(e.Data)),
            _ => null, // an event of a newer server
        };
        return change is null ? null : $"{Texts.Moment(e.At)} {Texts.Clean(change)}";
    }

    private string? Apply(RunView run)
    {
        var before = Run?.State;
        Run = run;
        return run.State == before ? null : $"run {Texts.Word(run.State)}{Why(run.Reason, null, run.Message)}";
    }

    private string? Apply(StageView stage, string type)
    {
        var before = Run?.Stages.FirstOrDefault(other => other.Name == stage.Name)?.State;
        if (Run is { } run)
        {
            Run = run with { Stages = [.. run.Stages.Select(other => other.Name == stage.Name ? stage : other)] };
        }

        if (type == EventTypes.GateDecided && stage.Decision is { } decision)
        {
            var comment = decision.Comment.Length > 0 ? $": {decision.Comment}" : "";
            return $"gate {stage.Name} {(decision.Approved ? "approved" : "rejected")} by {decision.By.Name}{comment}";
        }

        var gate = stage.State == StageState.Waiting && stage.Gate is { } asked ? $": {asked.Message}" : "";
        return stage.State == before ? null : $"stage {stage.Name} {Texts.Word(stage.State)}{gate}";
    }

    private string? Apply(AttemptView attempt)
    {
        var key = (attempt.Id.Job, attempt.Id.Number);
        var before = _attempts.GetValueOrDefault(key)?.State;
        _attempts[key] = attempt;
        var agent = attempt.AgentName is { } name ? $" on {name}" : "";
        return attempt.State == before
            ? null
            : $"job {attempt.Id.Job} attempt {attempt.Id.Number} {Texts.Word(attempt.State)}{agent}{Why(attempt.Reason, attempt.ExitCode, attempt.Message)}";
    }

    private static string Why(string? reason, int? exitCode, string? message)
    {
        var exit = exitCode is { } code and not 0 ? $" (exit {code})" : "";
        return reason is null ? "" : $" {reason}{exit}{(message is null ? "" : $": {message}")}";
    }
}
