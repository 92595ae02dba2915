using System.Text;
using System.Text.Json;

namespace Control.Cli.Output;

/// <summary>
/// JSON written as YAML 1.2. Strings are bare only where no reader, of YAML 1.1 either, could take them for anything
/// else; all others are double-quoted.
/// </summary>
internal static class YamlWriter
{
    private static readonly string[] Words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

    public static string Write(JsonElement value)
    {
        var text = new StringBuilder();
        WriteValue(text, value, 0, inSequence: false);
        return text.ToString();
    }

    private static void WriteValue(StringBuilder text, JsonElement value, int indent, bool inSequence)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object when value.EnumerateObject().Any():
                WriteMap(text, value, indent, inSequence);
                break;
            case JsonValueKind.Array when value.GetArrayLength() > 0:
                WriteSequence(text, value, indent, inSequence);
                break;
            default:
                text.Append(Scalar(value)).Append('\n');
                break;
        }
    }

    private static void WriteMap(StringBuilder text, JsonElement map, int indent, bool inSequence)
    {
        var first = inSequence; // the first key stands on the dash's line
        foreach (var property in map.EnumerateObject())
        {
            text.Append(' ', first ? 0 : indent).Append(Quote(property.Name)).Append(':');
            first = false;
            WriteNested(text, property.Value, indent + 2);
        }
    }

    private static void WriteSequence(StringBuilder text, JsonElement items, int indent, bool inSequence)
    {
        var first = inSequence;
        foreach (var item in items.EnumerateArray())
        {
            text.Append(' ', first ? 0 : indent).Append("- ");
            first = false;
            WriteValue(text, item, indent + 2, inSequence: true);
        }
    }

    private static void WriteNested(StringBuilder text, JsonElement value, int indent)
    {
        var nested = value.ValueKind switch
        {
            JsonValueKind.Object => value.EnumerateObject().Any(),
            JsonValueKind.Array => value.GetArrayLength() > 0,
            _ => false,
        };
        text.Append(nested ? '\n' : ' ');
        WriteValue(text, value, indent, inSequence: false);
    }

    private static string Scalar(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => Quote(value.GetString()!),
        JsonValueKind.Object => "{}",
        JsonValueKind.Array => "[]",
        _ => value.GetRawText(),
    };

    private static string Quote(string text) => IsBare(text) ? text : Quoted(text);

    private static bool IsBare(string text) =>
        text.Length > 0
        && char.IsAsciiLetter(text[0])
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '/')
        && !Words.Contains(text, StringComparer.OrdinalIgnoreCase);

    private static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var c in text)
        {
            quoted = c switch
            {
                '"' => quoted.Append("\\\""),
                '\\' => quoted.Append("\\\\"),
                '\n' => quoted.Append("\\n"),
                '\t' => quoted.Append("\\t"),
                _ when char.IsControl(c) || c is '\u2028' or '\u2029' or '\uFEFF' =>
                    quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}"),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }
}
