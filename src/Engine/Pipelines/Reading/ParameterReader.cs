using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads the parameters of a pipeline or a gate.</summary>
internal static class ParameterReader
{
    /// <summary>The parameters under the key <c>parameters</c>.</summary>
    public static ImmutableArray<ParameterSpec> Parameters(MapReader owner) =>
        [.. owner.Entries("parameters", PipelineLimits.Parameters, VariableName.Check)
            .Select(e => Parameter(e, owner.Problems)).OfType<ParameterSpec>()];

    private static ParameterSpec? Parameter(YamlEntry entry, Problems problems)
    {
        if (MapReader.Open(entry.Value, PipelineShapes.Parameter, problems) is not { } reader)
        {
            return null;
        }

        var type = reader.Word("type", "string", "number", "boolean", "choice") switch
        {
            "number" => ParameterType.Number,
            "boolean" => ParameterType.Boolean,
            "choice" => ParameterType.Choice,
            _ => ParameterType.String,
        };
        var choices = reader.Set("choices", PipelineLimits.Choices, ParameterValue.CheckText);
        CheckChoices(reader, type);
        var spec = new ParameterSpec(entry.Key.Text, type, reader.Text("description", "", PipelineLimits.TextLength), null, choices);
        return spec with { Default = reader.Checked("default", text => ParameterValue.Check(spec, text)) };
    }

    private static void CheckChoices(MapReader reader, ParameterType type)
    {
        var choices = reader.Find("choices");
        if (type == ParameterType.Choice && choices is null or YamlList { Items.Length: 0 })
        {
            reader.Problems.Add(choices ?? reader.Map, "A parameter of type choice needs 'choices', a list of the accepted values.");
        }
        else if (type != ParameterType.Choice && choices is not null)
        {
            reader.Problems.Add(choices, "Only a parameter of type choice has 'choices'. Write 'type: choice', or remove them.");
        }
    }
}
