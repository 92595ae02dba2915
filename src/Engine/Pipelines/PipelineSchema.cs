using System.Text.Json;
using System.Text.Json.Nodes;
using Control.Engine.Pipelines.Shapes;

namespace Control.Engine.Pipelines;

/// <summary>
/// The JSON Schema of pipeline definitions, for editors that complete and check while typing. It is made from the same
/// table of keys that the parser reads by. The parser is stricter: it also checks what a schema cannot say.
/// </summary>
public static class PipelineSchema
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, NewLine = "\n", Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The schema, draft 2020-12; the same text as docs/pipeline.schema.json.</summary>
    public static string Json { get; } = Write();

    private static string Write()
    {
        var root = Describe(PipelineShapes.Pipeline);
        var definitions = new JsonObject();
        foreach (var shape in PipelineShapes.All.Skip(1))
        {
            definitions[shape.Name] = Describe(shape);
        }

        root.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        root.Insert(1, "title", "Control pipeline");
        root["$defs"] = definitions;
        return root.ToJsonString(Indented) + "\n";
    }

    private static JsonObject Describe(Shape shape)
    {
        var properties = new JsonObject();
        foreach (var key in shape.Keys)
        {
            var schema = key.Schema();
            schema.Insert(0, "description", key.Description);
            properties[key.Name] = schema;
        }

        var described = new JsonObject
        {
            ["description"] = shape.Description,
            ["type"] = "object",
            ["properties"] = properties,
            ["additionalProperties"] = false,
        };
        if (shape.Keys.Any(k => k.Required))
        {
            described["required"] = new JsonArray([.. shape.Keys.Where(k => k.Required).Select(k => (JsonNode)k.Name)]);
        }

        return described;
    }
}
