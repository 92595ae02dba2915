using Control.Contracts.Triggers;
using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;
using Control.Engine.Triggers;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads what starts runs of a pipeline by the clock.</summary>
internal static class TriggerReader
{
    private const string Utc = "UTC";

    /// <summary>The triggers under the key <c>triggers</c>.</summary>
    public static ImmutableArray<TriggerSpec> Triggers(MapReader pipeline, ImmutableArray<ParameterSpec> parameters) =>
        [.. pipeline.Entries("triggers", PipelineLimits.Triggers, Value.Name("trigger"))
            .Select(entry => Trigger(entry, parameters, pipeline)).OfType<TriggerSpec>()];

    private static TriggerSpec? Trigger(YamlEntry entry, ImmutableArray<ParameterSpec> parameters, MapReader pipeline)
    {
        if (MapReader.Open(entry.Value, PipelineShapes.Trigger, pipeline.Problems) is not { } reader)
        {
            return null;
        }

        return new TriggerSpec(
            entry.Key.Text,
            reader.Checked("cron", CronSchedule.CheckCron) ?? "",
            reader.Checked("timeZone", CronSchedule.CheckZone) ?? Utc,
            Missed(reader.Word("missed", "once", "skip", "all")),
            Parameters(reader, parameters),
            Reference(reader, pipeline));
    }

    private static MissedTicks Missed(string word) => word switch
    {
        "skip" => MissedTicks.Skip,
        "all" => MissedTicks.All,
        _ => MissedTicks.Once,
    };

    // Also without any: a parameter that has no default is wanted at every start.
    private static ImmutableSortedDictionary<string, string> Parameters(MapReader reader, ImmutableArray<ParameterSpec> parameters)
    {
        var values = reader.Entries("parameters", PipelineLimits.Parameters, VariableName.Check)
            .ToImmutableSortedDictionary(entry => entry.Key.Text, entry => Value.Text(entry.Value, reader.Problems) ?? "", StringComparer.Ordinal);
        foreach (var error in ParameterBinder.Bind(parameters, values).Errors)
        {
            reader.Problems.Add(reader.Find("parameters") ?? reader.Map, $"{error.Field}: {error.Message}");
        }

        return values;
    }

    private static string? Reference(MapReader reader, MapReader pipeline)
    {
        var reference = reader.Checked("ref", Sources.GitRef.Check);
        if (reference is not null && pipeline.Find("source") is null)
        {
            reader.Problems.Add(reader.Find("ref")!, "The pipeline has no source, so there is no ref to choose. Remove one of the two, or add the other.");
        }

        return reference;
    }
}
