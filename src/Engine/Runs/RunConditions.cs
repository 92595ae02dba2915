using Control.Contracts.Runs;
using Control.Engine.Expressions;

namespace Control.Engine.Runs;

/// <summary>Whether a stage or job is to run: what its condition says and, unless that asks for results itself, that nothing before it failed.</summary>
internal static class RunConditions
{
    private const string Branches = "refs/heads/";
    private const string Tags = "refs/tags/";

    /// <summary>Null when the stage is to run, otherwise why not. That nothing failed before is seen to by whoever asks.</summary>
    public static string? WhyNot(RunModel model, int stage) =>
        model.Plan.Stages[stage].When is { } when && !Expression.Parse(when).IsTrue(new Values(model, stage, null)) ? Untrue(when) : null;

    /// <summary>Null when the job, whose needs have all ended, is to run; otherwise why not.</summary>
    public static string? WhyNot(RunModel model, PlannedJob job)
    {
        var values = new Values(model, job.Stage, job);
        var condition = job.Spec.When is { } when ? Expression.Parse(when) : null;
        if (condition is not { AsksForResults: true } && !values.NeedsSucceeded)
        {
            var need = job.Needs.First(key => !Succeeded(model, model.Jobs[key]));
            return $"The job '{need.Job}' that it needs did not succeed.";
        }

        return condition is null || condition.IsTrue(values) ? null : Untrue(job.Spec.When!);
    }

    /// <summary>What an expression says at a stage, or at a job of it, as text.</summary>
    public static string Text(RunModel model, string expression, int stage, PlannedJob? job) =>
        Expression.Parse(expression).Text(new Values(model, stage, job));

    /// <summary>A failure that is allowed counts as success.</summary>
    public static bool Succeeded(RunModel model, PlannedJob job) => model.StateOf(job) switch
    {
        JobState.Succeeded => true,
        JobState.Failed => job.Spec.AllowFailure,
        _ => false,
    };

    private static string Untrue(string when) => $"Its condition is not true: {when}";

    private sealed class Values(RunModel model, int stage, PlannedJob? job) : IExpressionValues
    {
        public bool NeedsSucceeded => job is null || job.Needs.All(need => RunConditions.Succeeded(model, model.Jobs[need]));

        public bool Succeeded => NeedsSucceeded && model.Head.Outcome is null;

        public bool Failed => model.Head.Outcome == RunState.Failed
            || (job is not null && job.Needs.Any(need => model.Jobs[need] is var needed && !needed.Spec.AllowFailure && model.StateOf(needed) == JobState.Failed));

        public string Of(string name) => name.Split('.', 2) switch
        {
            ["branch"] => Below(Branches),
            ["tag"] => Below(Tags),
            ["ref"] => model.Head.Ref ?? "",
            ["commit"] => model.Head.Commit ?? "",
            ["event"] => model.Head.Event,
            ["workspace"] => model.Id.Pipeline.Workspace,
            ["pipeline"] => model.Id.Pipeline.Name,
            ["params", var parameter] => Parameter(parameter),
            ["outputs", var output] => Output(output),
            ["matrix", var variable] => job?.Leg?.Values.FirstOrDefault(value => value.Name == variable)?.Value ?? "",
            ["results", var what] => Result(what),
            _ => "",
        };

        private string Below(string prefix) =>
            model.Head.FullRef is { } full && full.StartsWith(prefix, StringComparison.Ordinal) ? full[prefix.Length..] : "";

        // As in the environment, the gate passed last wins.
        private string Parameter(string name)
        {
            for (var i = stage; i >= 0; i--)
            {
                if (model.Head.Stages[i].Decision?.Parameters.TryGetValue(name, out var given) == true)
                {
                    return given;
                }
            }

            return model.Head.Parameters.GetValueOrDefault(name, "");
        }

        private string Output(string name)
        {
            var value = "";
            foreach (var earlier in Enumerable.Range(0, stage + 1).SelectMany(i => model.Jobs[i]).Where(IsBefore))
            {
                value = model.Counting(earlier)?.Outputs.GetValueOrDefault(name) ?? value;
            }

            return value;
        }

        private bool IsBefore(PlannedJob other) => other.Stage < stage || job?.Needs.Contains(other.Key) == true;

        // A matrix job is what the worst of its legs is.
        private string Result(string what)
        {
            if (what.Split('.') is not [var stageName, var jobName])
            {
                var index = RunPlan.StageIndex(model.Plan, what);
                return index < 0 ? "" : StateWords.Of(model.Head.Stages[index].State);
            }

            var states = Enumerable.Range(0, stage + 1).SelectMany(i => model.Jobs[i])
                .Where(other => other.Key.Stage == stageName && other.Spec.Name == jobName)
                .Select(model.StateOf)
                .ToList();
            JobState[] worst = [JobState.Failed, JobState.Cancelled, JobState.Skipped, JobState.Succeeded];
            return worst.Where(states.Contains).Select(StateWords.Of).FirstOrDefault() ?? "";
        }
    }
}
