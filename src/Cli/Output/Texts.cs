using System.Text;

namespace Control.Cli.Output;

/// <summary>How values are worded for people.</summary>
internal static class Texts
{
    /// <summary>
    /// A server-given string made harmless for a terminal and fit for one line: control characters, which could move the
    /// cursor or retitle the window, and direction overrides, which could disguise text, become visible or vanish.
    /// </summary>
    public static string Clean(string? text)
    {
        if (text is null)
        {
            return "";
        }

        var clean = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            clean.Append(c switch
            {
                '\n' or '\r' or '\t' => ' ',
                _ when char.IsControl(c) || IsDirectional(c) => '\uFFFD',
                _ => c,
            });
        }

        return clean.ToString();
    }

    /// <summary>As <see cref="Clean"/>, keeping line ends.</summary>
    public static string CleanLines(string text) =>
        string.Join('\n', text.ReplaceLineEndings("\n").Split('\n').Select(Clean));

    /// <summary>An enum's word as on the wire: camelCase.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => Word(value.ToString());

    /// <summary>An enum's name as on the wire: camelCase.</summary>
    public static string Word(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    /// <summary>A duration with its two largest units, such as <c>2m14s</c>.</summary>
    public static string Duration(TimeSpan duration)
    {
        var t = duration < TimeSpan.Zero ? TimeSpan.Zero : duration;
        return t switch
        {
            { TotalSeconds: < 60 } => $"{t.Seconds}s",
            { TotalMinutes: < 60 } => $"{t.Minutes}m{t.Seconds:00}s",
            { TotalHours: < 24 } => $"{t.Hours}h{t.Minutes:00}m",
            _ => $"{(int)t.TotalDays}d{t.Hours:00}h",
        };
    }

    /// <summary>How long ago, in one unit; the future reads <c>in …</c>.</summary>
    public static string Ago(DateTimeOffset at, DateTimeOffset now)
    {
        var distance = (now - at).Duration();
        var text = distance switch
        {
            { TotalSeconds: < 60 } => $"{(int)distance.TotalSeconds}s",
            { TotalMinutes: < 60 } => $"{(int)distance.TotalMinutes}m",
            { TotalHours: < 48 } => $"{(int)distance.TotalHours}h",
            _ => $"{(int)distance.TotalDays}d",
        };
        return at > now ? $"in {text}" : $"{text} ago";
    }

    /// <summary>A moment as in JSON, to the second, UTC.</summary>
    public static string Moment(DateTimeOffset at) =>
        at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static bool IsDirectional(char c) => c is (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069') or '\u200E' or '\u200F';
}
