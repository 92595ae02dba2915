namespace Control.Engine.Sources;

/// <summary>The rule for what may be checked out: a branch, a tag, a full reference (<c>refs/…</c>), HEAD or a full commit id.</summary>
public static class GitRef
{
    /// <summary>Longest reference, in characters.</summary>
    public const int MaxLength = 255;

    /// <summary>The repository's default branch.</summary>
    public const string Head = "HEAD";

    /// <summary>Null when the reference may be used, otherwise what is wrong with it. The rules are those of git-check-ref-format(1).</summary>
    public static string? Check(string name)
    {
        if (name.Length is 0 or > MaxLength)
        {
            return $"A branch, tag or commit id has 1 to {MaxLength} characters.";
        }

        var wrong = name[0] == '-'
            || name is "@"
            || name.EndsWith('.')
            || name.Contains("..", StringComparison.Ordinal)
            || name.Contains("@{", StringComparison.Ordinal)
            || name.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '~' or '^' or ':' or '?' or '*' or '[' or '\\' or '"')
            || name.Split('/').Any(part => part.Length == 0 || part[0] == '.' || part.EndsWith(".lock", StringComparison.Ordinal));
        return wrong ? $"{Pipelines.Yaml.Problems.Quote(name)} is not a branch, tag or full commit id. Write its plain name, such as main or v1.2." : null;
    }

    /// <summary>True for a full commit id: 40 (SHA-1) or 64 (SHA-256) hexadecimal digits. Such a name is never looked up as a branch.</summary>
    public static bool IsCommit(string name) => name.Length is 40 or 64 && name.All(char.IsAsciiHexDigit);
}
