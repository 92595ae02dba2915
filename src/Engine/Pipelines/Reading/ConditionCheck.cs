using Control.Engine.Expressions;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Checks every expression against what there is at its place: parameters, outputs and results that come before it.</summary>
internal static class ConditionCheck
{
    /// <summary>Adds what is wrong to the problems.</summary>
    public static void Check(PipelineSpec spec, MapReader pipeline)
    {
        var parameters = spec.Parameters.Select(parameter => parameter.Name).ToList();
        List<string> outputs = [];
        List<string> results = [];
        Check(spec.Concurrency?.By, ExpressionScope.Of(parameters, [], [], []), ByOf(pipeline.Map), pipeline.Problems);
        foreach (var stage in spec.Stages)
        {
            var node = Stage(pipeline, stage);
            Check(stage.When, ExpressionScope.Of(parameters, outputs, results, []), WhenOf(node), pipeline.Problems);
            parameters.AddRange(stage.Gate?.Parameters.Select(parameter => parameter.Name) ?? []);
            Check(stage.Concurrency?.By, ExpressionScope.Of(parameters, outputs, results, []), ByOf(node), pipeline.Problems);
            CheckJobs(stage, parameters, outputs, results, pipeline);
            outputs.AddRange(stage.Jobs.SelectMany(job => job.Outputs));
            results.Add(stage.Name);
            results.AddRange(stage.Jobs.Select(job => $"{stage.Name}.{job.Name}"));
        }
    }

    private static void CheckJobs(StageSpec stage, List<string> parameters, List<string> outputs, List<string> results, MapReader pipeline)
    {
        foreach (var job in stage.Jobs.Where(job => job.When is not null || job.Concurrency is not null))
        {
            var needed = stage.Jobs.Where(other => job.Needs.Contains(other.Name)).ToList();
            var scope = ExpressionScope.Of(
                parameters,
                outputs.Concat(needed.SelectMany(other => other.Outputs)),
                results.Concat(needed.Select(other => $"{stage.Name}.{other.Name}")),
                job.Matrix?.Legs.SelectMany(leg => leg.Values).Select(value => value.Name) ?? []);
            var node = Job(pipeline, stage, job);
            Check(job.When, scope, WhenOf(node), pipeline.Problems);
            Check(job.Concurrency?.By, scope, ByOf(node), pipeline.Problems);
        }
    }

    private static void Check(string? expression, ExpressionScope scope, YamlNode? node, Problems problems)
    {
        if (expression is not null && node is not null && !Expression.TryParse(expression, scope, out _, out var error))
        {
            problems.Add(node, error);
        }
    }

    /// <summary>Where a stage is written; null for the one of <c>finally</c>.</summary>
    public static YamlNode? Stage(MapReader pipeline, StageSpec stage) => stage.Always
        ? null
        : (pipeline.Find("stages") as YamlList)?.Items.FirstOrDefault(item => Child(item, "name") is YamlScalar { Text: var name } && name == stage.Name);

    /// <summary>Where a job is written.</summary>
    public static YamlNode? Job(MapReader pipeline, StageSpec stage, JobSpec job) =>
        Child(stage.Always ? pipeline.Find("finally") : Child(Stage(pipeline, stage), "jobs"), job.Name);

    private static YamlNode? WhenOf(YamlNode? owner) => Child(owner, "when");

    private static YamlNode? ByOf(YamlNode? owner) => Child(Child(owner, "concurrency"), "by");

    /// <summary>The value of a key, where there is one.</summary>
    public static YamlNode? Child(YamlNode? node, string key) => (node as YamlMap)?.Entries.FirstOrDefault(entry => entry.Key.Text == key)?.Value;
}
