using System.Text.Json.Nodes;

namespace Control.Engine.Pipelines.Shapes;

/// <summary>The JSON Schema of values that recur in the table of shapes.</summary>
internal static class Fragment
{
    /// <summary><see cref="ResourceName.Rule"/> as a regular expression.</summary>
    public const string NamePattern = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

    /// <summary>Any scalar: a number or boolean is taken as its literal text.</summary>
    public static Func<JsonObject> Scalar(int maxLength) =>
        () => new() { ["type"] = new JsonArray("string", "number", "boolean"), ["maxLength"] = maxLength };

    /// <summary>Text that follows a pattern.</summary>
    public static Func<JsonObject> Pattern(string pattern) => () => new() { ["type"] = new JsonArray("string", "number", "boolean"), ["pattern"] = pattern };

    /// <summary>A <see cref="ResourceName"/>.</summary>
    public static Func<JsonObject> Name { get; } = Pattern(NamePattern);

    /// <summary>A variable's name.</summary>
    public static Func<JsonObject> Variable { get; } = Pattern(VariableName.Pattern);

    /// <summary>One of some words.</summary>
    public static Func<JsonObject> Word(params string[] words) =>
        () => new() { ["type"] = "string", ["enum"] = new JsonArray([.. words.Select(w => (JsonNode)w)]) };

    /// <summary>A duration; its bounds are told in the description.</summary>
    public static Func<JsonObject> Period { get; } = () => new() { ["type"] = "string", ["pattern"] = Pipelines.Duration.Pattern };

    /// <summary>A whole number.</summary>
    public static Func<JsonObject> Number(int min, int max) => () => new() { ["type"] = "integer", ["minimum"] = min, ["maximum"] = max };

    /// <summary>True or false.</summary>
    public static Func<JsonObject> Flag { get; } = () => new() { ["type"] = "boolean" };

    /// <summary>A list without repetitions.</summary>
    public static Func<JsonObject> Set(Func<JsonObject> item, int min, int max) => () => With(List(item, min, max)(), "uniqueItems", true);

    /// <summary>A list.</summary>
    public static Func<JsonObject> List(Func<JsonObject> item, int min, int max) => () =>
        new() { ["type"] = "array", ["items"] = item(), ["minItems"] = min, ["maxItems"] = max };

    /// <summary>A map whose keys people choose.</summary>
    public static Func<JsonObject> Map(string keyPattern, Func<JsonObject> value, int min, int max) => () => new()
    {
        ["type"] = "object",
        ["propertyNames"] = new JsonObject { ["pattern"] = keyPattern },
        ["additionalProperties"] = value(),
        ["minProperties"] = min,
        ["maxProperties"] = max,
    };

    /// <summary>Environment variables.</summary>
    public static Func<JsonObject> Env { get; } =
        Map(VariableName.Pattern, Scalar(PipelineLimits.EnvValueBytes), 0, PipelineLimits.EnvEntries);

    /// <summary>A shape of the table.</summary>
    public static Func<JsonObject> Ref(string shape) => () => new() { ["$ref"] = $"#/$defs/{shape}" };

    /// <summary>A shorthand or the long form.</summary>
    public static Func<JsonObject> Either(Func<JsonObject> shorthand, Func<JsonObject> full) => () =>
        new() { ["oneOf"] = new JsonArray(shorthand(), full()) };

    private static JsonObject With(JsonObject schema, string key, JsonNode value)
    {
        schema[key] = value;
        return schema;
    }
}
