using System.Text.Json;
using System.Text.Json.Serialization;

namespace Control.Contracts;

/// <summary>
/// How contracts are written as JSON: in documents, views, events and REST alike, so that what is stored can be served as
/// it is. Unknown members are skipped and missing ones default, which lets nodes of two versions read each other.
/// </summary>
public static class ContractJson
{
    /// <summary>The shared, frozen options: camelCase names, enums as camelCase words, nulls left out.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    /// <summary>Serialises with <see cref="Options"/>.</summary>
    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);

    /// <summary>Deserialises with <see cref="Options"/>; a null document is an error.</summary>
    /// <exception cref="JsonException">The text is not JSON of that shape.</exception>
    public static T Read<T>(string json) =>
        JsonSerializer.Deserialize<T>(json, Options) ?? throw new JsonException($"Null where a {typeof(T).Name} was expected.");

    /// <summary>Applies the settings to options that a framework owns.</summary>
    public static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.PropertyNameCaseInsensitive = false;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.MaxDepth = 32;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
    }

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.General);
        Configure(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}
