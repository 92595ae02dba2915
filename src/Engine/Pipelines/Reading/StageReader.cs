using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads the stages of a pipeline.</summary>
internal static class StageReader
{
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
        ImmutableArray<StageSpec> stages = [.. items.Select(i => Stage(i, pipeline.Problems, names, hasSource)).OfType<StageSpec>()];
        var jobs = stages.Sum(s => s.Jobs.Length);
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

        var gate = Gate(reader, name ?? "");
        var jobs = JobReader.Jobs(reader, hasSource);
        if (reader.Find("gate") is null && reader.Find("jobs") is null or YamlMap { Entries.Length: 0 })
        {
            problems.Add(reader.Find("jobs") ?? reader.Map, "A stage needs 'jobs', a map of at least one job, or a 'gate'.");
        }

        return new StageSpec(name ?? "", gate, jobs);
    }

    private static GateSpec? Gate(MapReader stage, string name)
    {
        if (stage.Find("gate") is not { } node || MapReader.Open(node, PipelineShapes.Gate, stage.Problems) is not { } reader)
        {
            return null;
        }

        return new GateSpec(
            reader.Text("message", $"Go on with stage {name}?", PipelineLimits.TextLength),
            ParameterReader.Parameters(reader));
    }
}
