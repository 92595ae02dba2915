using System.Globalization;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads single values. What is wrong goes to the problems, cure included.</summary>
internal static class Value
{
    /// <summary>The literal text of any scalar, so that <c>1.0</c> and <c>true</c> need no quotes; null after a problem.</summary>
    public static string? Text(YamlNode node, Problems problems)
    {
        if (node is YamlScalar { IsNull: false } scalar)
        {
            return scalar.Text;
        }

        problems.Add(node, node is YamlScalar
            ? "A value is missing. Write one, \"\" for an empty text, or remove the key."
            : $"Text is needed here; this is {node.Kind}.");
        return null;
    }

    /// <summary>Text that a check accepts; the check says what is wrong, or null. Null after a problem.</summary>
    public static string? Checked(YamlNode node, Problems problems, Func<string, string?> check)
    {
        if (Text(node, problems) is not { } text)
        {
            return null;
        }

        if (check(text) is { } fault)
        {
            problems.Add(node, fault);
            return null;
        }

        return text;
    }

    /// <summary>A check for <see cref="ResourceName"/>s.</summary>
    public static Func<string, string?> Name(string what) =>
        text => ResourceName.IsValid(text) ? null : $"{Problems.Quote(text)} is not a valid name of a {what}. Use {ResourceName.Rule}.";

    /// <summary>A duration in seconds within bounds.</summary>
    public static int Seconds(YamlNode node, Problems problems, int min, int max)
    {
        if (Text(node, problems) is not { } text)
        {
            return min;
        }

        var seconds = Duration.Seconds(text);
        if (seconds is null)
        {
            var cure = text.Length is > 0 and < 6 && text.All(char.IsAsciiDigit) ? $"Did you mean {text}s?" : $"Write {Duration.Rule}.";
            problems.Add(node, $"{Problems.Quote(text)} is not a duration. {cure}");
        }
        else if (seconds < min || seconds > max)
        {
            problems.Add(node, $"{text} is out of bounds. Choose between {Duration.Text(min)} and {Duration.Text(max)}.");
        }

        return seconds ?? min;
    }

    /// <summary>A whole number within bounds, not quoted.</summary>
    public static int Number(YamlNode node, Problems problems, int min, int max)
    {
        if (node is YamlScalar { Plain: true } scalar
            && int.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= min && number <= max)
        {
            return number;
        }

        problems.Add(node, $"A whole number from {min} to {max} is needed here, without quotes.");
        return min;
    }

    /// <summary>True or false, not quoted.</summary>
    public static bool Flag(YamlNode node, Problems problems)
    {
        if (node is not YamlScalar { Plain: true, Text: "true" or "false" })
        {
            problems.Add(node, "Write true or false, without quotes.");
        }

        return node is YamlScalar { Text: "true" };
    }

    /// <summary>One of some words.</summary>
    public static string Word(YamlNode node, Problems problems, params ReadOnlySpan<string> words)
    {
        if (node is YamlScalar scalar && words.Contains(scalar.Text))
        {
            return scalar.Text;
        }

        var meant = node is YamlScalar wrong && Suggestion.Nearest(wrong.Text, words.ToArray()) is { } nearest ? $" Did you mean {nearest}?" : "";
        problems.Add(node, $"Write one of {string.Join(", ", words)}.{meant}");
        return words[0];
    }

    /// <summary>The items of a list of limited length.</summary>
    public static ImmutableArray<YamlNode> Items(YamlNode node, Problems problems, int max)
    {
        if (node is not YamlList list)
        {
            problems.Add(node, $"A list is needed here; this is {node.Kind}. Write each item on a line of its own after '- '.");
            return [];
        }

        if (list.Items.Length > max)
        {
            problems.Add(node, $"These are {list.Items.Length} items; up to {max} are allowed.");
        }

        return list.Items;
    }

    /// <summary>The entries of a map with keys that people choose.</summary>
    public static ImmutableArray<YamlEntry> Entries(YamlNode node, Problems problems, int max, Func<string, string?> checkKey)
    {
        if (node is not YamlMap map)
        {
            problems.Add(node, $"A map is needed here; this is {node.Kind}. Write each entry as 'key: value'.");
            return [];
        }

        if (map.Entries.Length > max)
        {
            problems.Add(node, $"These are {map.Entries.Length} entries; up to {max} are allowed.");
        }

        foreach (var entry in map.Entries)
        {
            if (checkKey(entry.Key.Text) is { } fault)
            {
                problems.Add(entry.Key, fault);
            }
        }

        return map.Entries;
    }
}
