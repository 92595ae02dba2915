using Control.Engine.Expressions;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Checks every condition against what there is at its place: parameters, outputs and results that come before it.</summary>
internal static class ConditionCheck
{
    /// <summary>Adds what is wrong to the problems.</summary>
    public static void Check(PipelineSpec spec, MapReader pipeline)
    {
        var parameters = spec.Parameters.Select(parameter => parameter.Name).ToList();
        List<string> outputs = [];
        List<string> results = [];
        foreach (var stage in spec.Stages)
        {
            if (stage.When is { } condition)
            {
                Check(condition, ExpressionScope.Of(parameters, outputs, results, []), WhenOf(Stage(pipeline, stage)), pipeline.Problems);
            }

            parameters.AddRange(stage.Gate?.Parameters.Select(parameter => parameter.Name) ?? []);
            CheckJobs(stage, parameters, outputs, results, pipeline);
            outputs.AddRange(stage.Jobs.SelectMany(job => job.Outputs));
            results.Add(stage.Name);
            results.AddRange(stage.Jobs.Select(job => $"{stage.Name}.{job.Name}"));
        }
    }

    private static void CheckJobs(StageSpec stage, List<string> parameters, List<string> outputs, List<string> results, MapReader pipeline)
    {
        foreach (var job in stage.Jobs.Where(job => job.When is not null))
        {
            var needed = stage.Jobs.Where(other => job.Needs.Contains(other.Name)).ToList();
            var scope = ExpressionScope.Of(
                parameters,
                outputs.Concat(needed.SelectMany(other => other.Outputs)),
                results.Concat(needed.Select(other => $"{stage.Name}.{other.Name}")),
                job.Matrix?.Legs.SelectMany(leg => leg.Values).Select(value => value.Name) ?? []);
            Check(job.When!, scope, WhenOf(Job(pipeline, stage, job)), pipeline.Problems);
        }
    }

    private static void Check(string condition, ExpressionScope scope, YamlNode? node, Problems problems)
    {
        if (node is not null && !Expression.TryParse(condition, scope, out _, out var error))
        {
            problems.Add(node, error);
        }
    }

    private static YamlNode? Stage(MapReader pipeline, StageSpec stage) => stage.Always
        ? null
        : (pipeline.Find("stages") as YamlList)?.Items.FirstOrDefault(item => Child(item, "name") is YamlScalar { Text: var name } && name == stage.Name);

    private static YamlNode? Job(MapReader pipeline, StageSpec stage, JobSpec job) =>
        Child(stage.Always ? pipeline.Find("finally") : Child(Stage(pipeline, stage), "jobs"), job.Name);

    private static YamlNode? WhenOf(YamlNode? owner) => Child(owner, "when");

    private static YamlNode? Child(YamlNode? node, string key) => (node as YamlMap)?.Entries.FirstOrDefault(entry => entry.Key.Text == key)?.Value;
}
