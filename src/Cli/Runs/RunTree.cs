using System.Collections.Immutable;
using System.Text;
using Control.Cli.Output;
using Control.Contracts.Groups;
using Control.Contracts.Runs;
using Control.Engine.Runs;

namespace Control.Cli.Runs;

/// <summary>
/// Draws a run as a tree of stages and jobs. A pure function of what is known of the run and of the time, so that a live
/// view, a printed result and a test see the same lines.
/// </summary>
public static class RunTree
{
    /// <summary>The lines, without line ends: the run's head, then each stage followed by its jobs.</summary>
    /// <param name="run">The run.</param>
    /// <param name="attempts">Its attempts in any order; the newest of each job counts.</param>
    /// <param name="now">For the durations of what has not ended.</param>
    /// <param name="color">Whether to colour with ANSI sequences. States are always worded too.</param>
    public static ImmutableArray<string> Render(RunView run, IEnumerable<AttemptView> attempts, DateTimeOffset now, bool color = false)
    {
        var newest = attempts.GroupBy(attempt => attempt.Id.Job).ToDictionary(jobs => jobs.Key, jobs => jobs.MaxBy(a => a.Id.Number)!);
        var rows = run.Stages.SelectMany(stage => RowsOf(stage, newest, now)).ToList();
        var nameWidth = rows.Count == 0 ? 0 : rows.Max(row => row.Name.Length);
        var stateWidth = rows.Count == 0 ? 0 : rows.Max(row => row.State.Length);
        return [.. Head(run, now, color), .. rows.Select(row => Line(row, nameWidth, stateWidth, color))];
    }

    private static IEnumerable<string> Head(RunView run, DateTimeOffset now, bool color)
    {
        var tone = Tones.Of(run.State);
        var duration = Span(run.StartedAt ?? run.CreatedAt, run.FinishedAt, now);
        var source = run.Ref is null ? "" : $"  {Texts.Clean(run.Ref)}{(run.Commit is { Length: >= 8 } commit ? $"@{Texts.Clean(commit[..8])}" : "")}";
        yield return $"{run.Id.Pipeline} #{run.Id.Number}  {tone.Paint(Texts.Word(run.State), color)}  {duration}"
            + $"  by {Texts.Clean(run.StartedBy.Name)}{source}";
        if (run.WaitsFor is { } group)
        {
            yield return $"  waits for a place in the group {Texts.Clean(group.LocalName)}";
        }

        if (run.Reason is not null)
        {
            yield return $"  {tone.Paint(Texts.Clean(run.Reason), color)}{(run.Message is null ? "" : $": {Texts.Clean(run.Message)}")}";
        }
    }

    private static IEnumerable<Row> RowsOf(StageView stage, Dictionary<JobKey, AttemptView> newest, DateTimeOffset now)
    {
        yield return new Row(
            0, stage.Name, Texts.Word(stage.State), Tones.Of(stage.State), Symbol(stage.State),
            stage.StartedAt is { } started ? Span(started, stage.FinishedAt, now) : "", string.Join("  ", new[] { GateRemark(stage), WaitRemark(stage.WaitsFor) }.Where(part => part is { Length: > 0 })));
        foreach (var job in stage.Jobs.IsDefault ? [] : stage.Jobs)
        {
            yield return JobRow(stage, job, newest.GetValueOrDefault(new JobKey(stage.Name, job)), now);
        }
    }

    private static Row JobRow(StageView stage, string job, AttemptView? newest, DateTimeOffset now)
    {
        var details = stage.Details.FirstOrDefault(other => other.Name == job);
        var state = JobRollup.Of(newest, stage, details);
        var attempt = state is JobState.Pending or JobState.Skipped ? null : newest;
        var duration = attempt?.StartedAt is { } started ? Span(started, attempt.FinishedAt, now) : "";
        return new Row(1, job, Texts.Word(state), Tones.Of(state), Symbol(state), duration, JobRemark(details, attempt, state, now));
    }

    private static string JobRemark(JobView? job, AttemptView? attempt, JobState state, DateTimeOffset now)
    {
        var allowed = state == JobState.Failed && job?.AllowFailure == true ? "(allowed)" : null;
        var due = state == JobState.Delayed && attempt?.NotBefore is { } at ? $"in {Texts.Duration(at > now ? at - now : TimeSpan.Zero)}" : null;
        return string.Join("  ", new[] { job?.Matrix, due, WaitRemark(attempt?.WaitsFor), attempt is null ? null : AttemptRemark(attempt), allowed, job?.Skipped }.Where(part => part is { Length: > 0 }));
    }

    private static string GateRemark(StageView stage) => stage switch
    {
        { Decision: { } decision } => $"{(decision.Approved ? "approved" : "rejected")} by {decision.By.Name}"
            + (decision.Comment.Length > 0 ? $": {decision.Comment}" : ""),
        { Gate: { Count: > 1 } gate } => $"gate: {gate.Message} ({stage.Approvals.Length} of {gate.Count} approvals)",
        { Gate: { } gate } => $"gate: {gate.Message}",
        _ => "",
    };

    private static string? WaitRemark(GroupId? group) => group is { } waited ? $"waits for the group {waited.LocalName}" : null;

    private static string AttemptRemark(AttemptView attempt)
    {
        var number = attempt.Id.Number > 1 ? $"attempt {attempt.Id.Number}" : null;
        var agent = attempt.AgentName is { } name ? $"on {name}" : null;
        var exit = attempt.ExitCode is { } code and not 0 ? $" (exit {code})" : "";
        var reason = attempt.Reason is null ? null : $"{attempt.Reason}{exit}{(attempt.Message is null ? "" : $": {attempt.Message}")}";
        var cleanup = attempt.Cleanup is { } found ? $"({CleanupText.Of(found)})" : null;
        return string.Join("  ", new[] { number, agent, reason, cleanup }.Where(part => part is not null));
    }

    private static string Span(DateTimeOffset from, DateTimeOffset? to, DateTimeOffset now) => Texts.Duration((to ?? now) - from);

    private static string Line(Row row, int nameWidth, int stateWidth, bool color)
    {
        var indent = new string(' ', row.Depth * 2);
        var name = row.Name.PadRight(nameWidth + 2 - indent.Length);
        var text = new StringBuilder(indent).Append(row.Tone.Paint(row.Symbol, color)).Append(' ').Append(name).Append("  ");
        text.Append(row.Tone.Paint(row.State, color)).Append(' ', stateWidth - row.State.Length);
        text.Append("  ").Append(row.Duration.PadLeft(6));
        if (row.Remark.Length > 0)
        {
            text.Append("  ").Append(Texts.Clean(row.Remark));
        }

        return text.ToString().TrimEnd();
    }

    private static string Symbol(StageState state) => state switch
    {
        StageState.Succeeded => "✔",
        StageState.Failed => "✘",
        StageState.Running => "●",
        StageState.Waiting => "?",
        StageState.Cancelled => "■",
        StageState.Skipped => "-",
        _ => "○",
    };

    private static string Symbol(JobState state) => state switch
    {
        JobState.Succeeded => "✔",
        JobState.Failed => "✘",
        JobState.Running or JobState.Stopping => "●",
        JobState.Cancelled => "■",
        JobState.Skipped => "-",
        JobState.Delayed => "↻",
        _ => "○",
    };

    private sealed record Row(int Depth, string Name, string State, Tone Tone, string Symbol, string Duration, string Remark);
}
