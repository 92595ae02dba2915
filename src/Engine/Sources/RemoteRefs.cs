using Control.Contracts.Runs;

namespace Control.Engine.Sources;

/// <summary>Reads what a repository answers to <c>git ls-remote</c>.</summary>
public static class RemoteRefs
{
    /// <summary>Ends the name under which an annotated tag's commit is listed.</summary>
    internal const string Peeled = "^{}";

    private const int LongestNamed = 60;

    /// <summary>
    /// The commit a reference means. Where a branch and a tag have the same name, the branch wins; the full name
    /// (<c>refs/tags/…</c>) reaches the tag. An annotated tag means the commit it points to.
    /// </summary>
    /// <param name="reference">The reference asked for, by <see cref="GitCommand.ListRemote"/>.</param>
    /// <param name="output">What Git wrote to its standard output; lines that are no references are skipped.</param>
    public static SourceResolution Resolve(string reference, string output)
    {
        if (GitRef.IsCommit(reference))
        {
            return new SourceResolution(reference.ToLowerInvariant(), null);
        }

        var commits = Read(output);
        foreach (var name in Candidates(reference))
        {
            if (commits.TryGetValue(name, out var commit))
            {
                return new SourceResolution(commit, null, name == GitRef.Head ? DefaultBranch(output) : FullName(name));
            }
        }

        return new SourceResolution(null, NotFound(reference));
    }

    private static string FullName(string name) => name.EndsWith(Peeled, StringComparison.Ordinal) ? name[..^Peeled.Length] : name;

    // The line "ref: refs/heads/main<TAB>HEAD" of --symref; servers older than Git 2.8 send none.
    private static string? DefaultBranch(string output)
    {
        const string start = "ref: ";
        foreach (var line in output.AsSpan().EnumerateLines())
        {
            if (line.StartsWith(start, StringComparison.Ordinal) && line.EndsWith("\tHEAD", StringComparison.Ordinal))
            {
                return line[start.Length..^"\tHEAD".Length].ToString();
            }
        }

        return null;
    }

    /// <summary>Names that may be meant, best first; exact, though Git takes them for patterns.</summary>
    internal static ImmutableArray<string> Candidates(string reference)
    {
        if (GitRef.Check(reference) is { } fault)
        {
            throw new ArgumentException(fault, nameof(reference));
        }

        if (reference == GitRef.Head || GitRef.IsCommit(reference))
        {
            return [reference];
        }

        return reference.StartsWith("refs/", StringComparison.Ordinal)
            ? [reference + Peeled, reference]
            : [$"refs/heads/{reference}", $"refs/tags/{reference}{Peeled}", $"refs/tags/{reference}"];
    }

    private static Dictionary<string, string> Read(string output)
    {
        var commits = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in output.AsSpan().EnumerateLines())
        {
            var tab = line.IndexOf('\t');
            if (tab > 0 && GitRef.IsCommit(line[..tab].ToString()))
            {
                commits.TryAdd(line[(tab + 1)..].ToString(), line[..tab].ToString().ToLowerInvariant());
            }
        }

        return commits;
    }

    private static string NotFound(string reference)
    {
        if (reference == GitRef.Head)
        {
            return "The repository has no default branch: it is empty, or its HEAD points nowhere. Push a commit, or name a branch with 'ref:'.";
        }

        var named = reference.Length <= LongestNamed ? reference : $"{reference[..LongestNamed]}…";
        return $"The repository has no branch or tag '{named}'. Push it, or correct 'ref:'; a commit must be given by its full id.";
    }
}
