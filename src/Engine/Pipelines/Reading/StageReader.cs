using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;
using Control.Engine.Runs;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads the stages of a pipeline.</summary>
internal static class StageReader
{
    /// <summary>The name of the stage that the jobs of <c>finally</c> make.</summary>
    public const string FinallyStage = "finally";

    /// <summary>The stages in order, one at least, no two of one name.</summary>
    public static ImmutableArray<StageSpec> Stages(MapReader pipeline)
    {
        var items = pipeline.Items("stages", PipelineLimits.Stages);
        if (pipeline.Find("stages") is YamlList { Items.Length: 0 } empty)
        {
            pipeline.Problems.Add(empty, "A pipeline needs at least one stage.");
        }

        var hasSource = pipeline.Find("source") is not null;
        var names = new HashSet<string>(StringComparer.Ordinal);
        ImmutableArray<StageSpec> stages =
        [
            .. items.Select(i => Stage(i, pipeline.Problems, names, hasSource)).OfType<StageSpec>(),
            .. Finally(pipeline, names, hasSource),
        ];
        var jobs = stages.Sum(s => s.Jobs.Sum(JobTable.CountOf));
        if (jobs > PipelineLimits.Jobs)
        {
            pipeline.Problems.Add(pipeline.Find("stages")!, $"These are {jobs} jobs in all; up to {PipelineLimits.Jobs} are allowed.");
        }

        return stages;
    }

    private static StageSpec? Stage(YamlNode node, Problems problems, HashSet<string> names, bool hasSource)
    {
        if (MapReader.Open(node, PipelineShapes.Stage, problems) is not { } reader)
        {
            return null;
        }

        var name = reader.Checked("name", Value.Name("stage"));
        if (name is not null && !names.Add(name))
        {
            problems.Add(reader.Find("name")!, $"There are two stages '{name}'. Choose another name.");
        }

        var gate = GateReader.Gate(reader, name ?? "");
        var jobs = JobReader.Jobs(reader, "jobs", hasSource);
        if (reader.Find("gate") is null && reader.Find("jobs") is null or YamlMap { Entries.Length: 0 })
        {
            problems.Add(reader.Find("jobs") ?? reader.Map, "A stage needs 'jobs', a map of at least one job, or a 'gate'.");
        }

        return new StageSpec(
            name ?? "",
            gate,
            jobs,
            Condition(reader),
            reader.Seconds("timeout", 0, PipelineLimits.ShortestTimeout, PipelineLimits.LongestTimeout),
            Concurrency: ConcurrencyReader.Concurrency(reader));
    }

    /// <summary>The text of a condition; it is checked once everything is known that it may name.</summary>
    public static string? Condition(MapReader reader) =>
        reader.Find("when") is { } node ? Value.Text(node, reader.Problems) : null;

    private static IEnumerable<StageSpec> Finally(MapReader pipeline, HashSet<string> names, bool hasSource)
    {
        if (pipeline.Find("finally") is not { } node)
        {
            yield break;
        }

        if (names.Contains(FinallyStage))
        {
            pipeline.Problems.Add(node, "A stage is called 'finally' too. Give that stage another name.");
        }

        if (node is YamlMap { Entries.Length: 0 })
        {
            pipeline.Problems.Add(node, "'finally' needs at least one job. Add one, or remove it.");
        }

        yield return new StageSpec(FinallyStage, null, JobReader.Jobs(pipeline, "finally", hasSource), Always: true);
    }
}
