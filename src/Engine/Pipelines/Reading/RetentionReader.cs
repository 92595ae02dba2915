using Control.Contracts.Retention;
using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads which ended runs of a pipeline are deleted.</summary>
internal static class RetentionReader
{
    private const string KeepAll = "all";

    /// <summary>The policy; null when there is none, or none that can be read.</summary>
    public static RetentionPolicy? Retention(MapReader pipeline)
    {
        if (pipeline.Find("retention") is not { } node)
        {
            return null;
        }

        if (node is YamlScalar { Text: KeepAll })
        {
            return RetentionPolicy.All;
        }

        if (node is not YamlMap)
        {
            pipeline.Problems.Add(node, "Write a map with keep or age, such as { keep: 50 } or { age: 30d }, or all to keep every run.");
            return null;
        }

        return Rules(MapReader.Open(node, PipelineShapes.Retention, pipeline.Problems)!);
    }

    private static RetentionPolicy Rules(MapReader reader)
    {
        if (reader.Find("keep") is null && reader.Find("age") is null)
        {
            reader.Problems.Add(reader.Map, "There is no rule. Add keep, such as 50, or age, such as 30d; or write 'retention: all' to keep every run.");
        }

        return new RetentionPolicy(
            reader.Number("keep", 0, 1, RetentionPolicy.MostKept),
            reader.Seconds("age", 0, RetentionPolicy.LeastAge, RetentionPolicy.MostAge),
            reader.Number("keepSucceeded", 1, 0, RetentionPolicy.MostKept));
    }
}
