using System.Globalization;
using System.Text.RegularExpressions;

namespace Control.Engine.Pipelines;

/// <summary>Durations as people write them: <c>90s</c>, <c>5m</c>, <c>1h30m</c>, <c>30d</c>.</summary>
internal static partial class Duration
{
    /// <summary>The rule in words, for error messages.</summary>
    public const string Rule = "days, hours, minutes and seconds such as 90s, 5m, 1h30m or 30d";

    /// <summary>The form as a regular expression that JSON Schema understands too.</summary>
    public const string Pattern = "^(?=[0-9])([0-9]{1,5}d)?([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$";

    /// <summary>The duration in seconds, or null when the text is not one. Those beyond 68 years, more than any limit, count as that.</summary>
    public static int? Seconds(string text)
    {
        var match = Form().Match(text);
        if (!match.Success || text.EndsWith('\n'))
        {
            return null;
        }

        var seconds = (Part(match.Groups[1]) * 86_400) + (Part(match.Groups[2]) * 3_600) + (Part(match.Groups[3]) * 60) + Part(match.Groups[4]);
        return (int)Math.Min(seconds, int.MaxValue);
    }

    /// <summary>The shortest way to write a number of seconds; from 48 hours on whole days as such.</summary>
    public static string Text(int seconds)
    {
        if (seconds >= 2 * 86_400 && seconds % 86_400 == 0)
        {
            return $"{seconds / 86_400}d";
        }

        var (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        var text = $"{(hours > 0 ? $"{hours}h" : "")}{(minutes > 0 ? $"{minutes}m" : "")}{(rest > 0 ? $"{rest}s" : "")}";
        return text.Length == 0 ? "0s" : text;
    }

    private static long Part(Group group) => group.Success ? long.Parse(group.ValueSpan[..^1], NumberStyles.None, CultureInfo.InvariantCulture) : 0;

    [GeneratedRegex(Pattern, RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
