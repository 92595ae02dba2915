namespace Control.Engine.Pipelines.Reading;

/// <summary>Finds the word somebody probably meant.</summary>
internal static class Suggestion
{
    private const int LongestCompared = 40;

    /// <summary>The candidate nearest to <paramref name="word"/>, or null when none is near enough to be worth naming.</summary>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        if (word.Length is 0 or > LongestCompared)
        {
            return null;
        }

        var (best, distance) = candidates
            .Select(c => (Word: c, Distance: Distance(word.ToLowerInvariant(), c.ToLowerInvariant())))
            .MinBy(c => c.Distance);
        return distance <= Math.Max(1, best.Length / 3) ? best : null;
    }

    /// <summary>Edits between two words: insertions, deletions, replacements and swaps of neighbours (optimal string alignment).</summary>
    private static int Distance(string a, string b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                table[i, j] = i == 0 || j == 0 ? i + j : Step(i, j);
            }
        }

        return table[a.Length, b.Length];

        int Step(int i, int j)
        {
            var replaced = table[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            var least = Math.Min(replaced, Math.Min(table[i - 1, j], table[i, j - 1]) + 1);
            var swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            return swapped ? Math.Min(least, table[i - 2, j - 2] + 1) : least;
        }
    }
}
