using System.Globalization;
using Control.Contracts.Runs;

namespace Control.Engine.Runs;

/// <summary>A job as it is run: a single job, or one leg of a matrix.</summary>
/// <param name="Key">Stage and name; legs have their number behind the job's name.</param>
/// <param name="Spec">What was defined.</param>
/// <param name="Leg">The leg; null outside of a matrix.</param>
/// <param name="Stage">The position of its stage.</param>
/// <param name="Needs">What it waits for: every leg of a matrix job that it needs.</param>
public sealed record PlannedJob(JobKey Key, JobSpec Spec, MatrixLeg? Leg, int Stage, ImmutableArray<JobKey> Needs);

/// <summary>The jobs of a definition as they are run, in order. Made once for a run and shared by all its states.</summary>
public sealed class JobTable
{
    private readonly ImmutableArray<ImmutableArray<PlannedJob>> _stages;
    private readonly Dictionary<JobKey, PlannedJob> _byKey;

    private JobTable(ImmutableArray<ImmutableArray<PlannedJob>> stages)
    {
        _stages = stages;
        _byKey = stages.SelectMany(stage => stage).ToDictionary(job => job.Key);
    }

    /// <summary>The jobs of the stage at that position, in definition order.</summary>
    public ImmutableArray<PlannedJob> this[int stage] => _stages[stage];

    /// <summary>The job of that key.</summary>
    /// <exception cref="KeyNotFoundException">The plan has no such job: the stored run is corrupt.</exception>
    public PlannedJob this[JobKey key] => _byKey[key];

    /// <summary>The table of a definition.</summary>
    public static JobTable Of(PipelineSpec plan) => new([.. plan.Stages.Select((stage, index) => JobsOf(stage, index))]);

    /// <summary>How many jobs a definition's job is run as.</summary>
    public static int CountOf(JobSpec job) => job.Matrix?.Legs.Length ?? 1;

    /// <summary>The names a definition's job is run under.</summary>
    public static IEnumerable<string> NamesOf(JobSpec job) => job.Matrix is null
        ? [job.Name]
        : Enumerable.Range(1, job.Matrix.Legs.Length).Select(n => string.Create(CultureInfo.InvariantCulture, $"{job.Name}-{n}"));

    private static ImmutableArray<PlannedJob> JobsOf(StageSpec stage, int index)
    {
        var keys = stage.Jobs.ToDictionary(job => job.Name, job => NamesOf(job).Select(name => new JobKey(stage.Name, name)).ToArray());
        return
        [
            .. stage.Jobs.SelectMany(job => keys[job.Name].Select((key, leg) => new PlannedJob(
                key, job, job.Matrix?.Legs[leg], index, [.. job.Needs.SelectMany(need => keys[need])]))),
        ];
    }
}
