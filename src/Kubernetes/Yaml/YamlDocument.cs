using System.Text.Json.Nodes;

namespace Control.Kubernetes.Yaml;

/// <summary>One document of a YAML or JSON text.</summary>
/// <param name="Line">Where it begins, 1-based.</param>
/// <param name="Root">Its content as kubectl reads it; null for an empty document.</param>
public sealed record YamlDocument(int Line, JsonNode? Root)
{
    /// <summary>The most characters of a text: a chart's manifest of a few hundred objects.</summary>
    public const int LongestText = 8 * 1024 * 1024;

    /// <summary>The documents of a text, separated by <c>---</c>; empty ones too.</summary>
    /// <exception cref="YamlFault">It cannot be read; says where.</exception>
    public static IReadOnlyList<YamlDocument> ReadAll(string text) => text.Length <= LongestText
        ? new YamlComposer(text).All()
        : throw new YamlFault(1, 1, $"The text has {text.Length} characters, and no more than {LongestText} are read. Split it.");
}

/// <summary>A text is not YAML, or more than is read of YAML.</summary>
public sealed class YamlFault : Exception
{
    internal YamlFault(long line, long column, string message)
        : base($"line {line}, column {column}: {message}") => (Line, Column) = (line, column);

    /// <summary>1-based.</summary>
    public long Line { get; }

    /// <summary>1-based.</summary>
    public long Column { get; }
}
