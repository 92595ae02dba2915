using Control.Contracts.Groups;
using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads the concurrency group of a pipeline, stage or job.</summary>
internal static class ConcurrencyReader
{
    /// <summary>The group; null when there is none, or none that can be read.</summary>
    public static ConcurrencySpec? Concurrency(MapReader owner)
    {
        if (owner.Find("concurrency") is not { } node)
        {
            return null;
        }

        if (node is not YamlMap)
        {
            return Value.Checked(node, owner.Problems, CheckName) is { } name ? new ConcurrencySpec(name, null, 1, GroupOverflow.Queue) : null;
        }

        var reader = MapReader.Open(node, PipelineShapes.Concurrency, owner.Problems)!;
        return new ConcurrencySpec(
            reader.Checked("group", CheckName) ?? "",
            reader.Find("by") is { } by ? Value.Text(by, owner.Problems) : null,
            reader.Number("limit", 1, 1, PipelineLimits.GroupPlaces),
            Overflow(reader.Word("onLimit", "queue", "cancelOldest", "reject")));
    }

    /// <summary>
    /// Refuses a part that waits for the group that what it belongs to has a place in: it might wait for ever.
    /// </summary>
    public static void CheckNesting(PipelineSpec spec, MapReader pipeline)
    {
        foreach (var stage in spec.Stages)
        {
            CheckNested(stage.Concurrency, [spec.Concurrency], PlaceOf(pipeline, stage, null), pipeline.Problems);
            foreach (var job in stage.Jobs)
            {
                CheckNested(job.Concurrency, [spec.Concurrency, stage.Concurrency], PlaceOf(pipeline, stage, job), pipeline.Problems);
            }
        }
    }

    private static void CheckNested(ConcurrencySpec? inner, ConcurrencySpec?[] outer, YamlNode? node, Problems problems)
    {
        if (inner is not null && node is not null && outer.Any(one => one?.Group == inner.Group))
        {
            problems.Add(node, $"What this belongs to has a place in the group '{inner.Group}' already, so this might wait for ever. Choose another group, or remove one of the two.");
        }
    }

    private static YamlNode? PlaceOf(MapReader pipeline, StageSpec stage, JobSpec? job) =>
        ConditionCheck.Child(job is null ? ConditionCheck.Stage(pipeline, stage) : ConditionCheck.Job(pipeline, stage, job), "concurrency");

    private static string? CheckName(string text) => Value.Name("concurrency group")(text)
        ?? (text == GroupId.WorkspaceRuns ? $"The group '{text}' is the workspace's own. Choose another name." : null);

    private static GroupOverflow Overflow(string word) => word switch
    {
        "cancelOldest" => GroupOverflow.CancelOldest,
        "reject" => GroupOverflow.Reject,
        _ => GroupOverflow.Queue,
    };
}
