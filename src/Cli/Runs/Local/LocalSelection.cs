using Control.Cli.Output;
using Control.Contracts.Pipelines;

namespace Control.Cli.Runs.Local;

/// <summary>Fits a definition to a run by one person on one machine.</summary>
internal static class LocalSelection
{
    // A condition like others, so that what is left out is skipped by the same rules.
    private const string Never = "false";

    /// <summary>
    /// The definition with only the chosen stages and jobs, the jobs these need included; what always runs at the end stays.
    /// Nothing chosen means all. Gates are for whoever runs it: how many people must approve, and who, is left out.
    /// </summary>
    /// <param name="spec">The definition.</param>
    /// <param name="stages">Names.</param>
    /// <param name="jobs">As <c>STAGE.JOB</c>.</param>
    /// <exception cref="UsageException">There is no such stage or job.</exception>
    public static PipelineSpec Of(PipelineSpec spec, IReadOnlyCollection<string> stages, IReadOnlyCollection<string> jobs)
    {
        foreach (var name in stages.Where(name => spec.Stages.All(stage => stage.Name != name)))
        {
            throw new UsageException($"There is no stage '{Texts.Clean(name)}'. There are {string.Join(", ", spec.Stages.Select(stage => stage.Name))}.");
        }

        foreach (var name in jobs.Where(name => !spec.Stages.Any(stage => stage.Jobs.Any(job => NameOf(stage, job) == name))))
        {
            throw new UsageException($"There is no job '{Texts.Clean(name)}'. Write STAGE.JOB.");
        }

        var isAll = stages.Count == 0 && jobs.Count == 0;
        return spec with { Stages = [.. spec.Stages.Select(stage => isAll || stage.Always || stages.Contains(stage.Name) ? Own(stage) : Own(Chosen(stage, jobs)))] };
    }

    private static StageSpec Own(StageSpec stage) =>
        stage.Gate is { } gate ? stage with { Gate = gate with { Approvers = [], Count = 1, OwnApproval = true } } : stage;

    private static StageSpec Chosen(StageSpec stage, IReadOnlyCollection<string> jobs)
    {
        var wanted = stage.Jobs.Where(job => jobs.Contains(NameOf(stage, job))).Select(job => job.Name).ToHashSet(StringComparer.Ordinal);
        for (var before = -1; before != wanted.Count;)
        {
            before = wanted.Count;
            wanted.UnionWith(stage.Jobs.Where(job => wanted.Contains(job.Name)).SelectMany(job => job.Needs).ToList());
        }

        return wanted.Count == 0
            ? stage with { When = Never }
            : stage with { Jobs = [.. stage.Jobs.Select(job => wanted.Contains(job.Name) ? job : job with { When = Never })] };
    }

    private static string NameOf(StageSpec stage, JobSpec job) => $"{stage.Name}.{job.Name}";
}
