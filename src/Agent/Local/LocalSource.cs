using Control.Contracts.Runs;
using Control.Engine.Sources;

namespace Control.Agent.Local;

/// <summary>Where a run on the developer's machine gets its files from, in place of the definition's repository.</summary>
/// <param name="Folder">Absolute path. In a Git repository its root is taken, whatever folder of it is named.</param>
/// <param name="Ref">A branch, tag or commit of that repository whose files are taken; null takes the files as they lie there.</param>
/// <param name="IsInPlace">Jobs work in the folder itself, and what they change stays.</param>
public sealed record LocalSource(string Folder, string? Ref, bool IsInPlace)
{
    /// <summary>Stands for the commit of a folder that is no Git repository, or has no commit yet.</summary>
    public const string NoCommit = "0000000000000000000000000000000000000000";

    /// <summary>Looks up what the run's commit is, as the server would: of the reference, else of what is checked out.</summary>
    public async Task<SourceResolution> ResolveAsync(CancellationToken cancellationToken)
    {
        if (Ref is null)
        {
            var head = await CommitOfAsync(GitRef.Head, cancellationToken).ConfigureAwait(false);
            return new SourceResolution(head ?? NoCommit, null, head is null ? null : await NameOfAsync(GitRef.Head, cancellationToken).ConfigureAwait(false));
        }

        if (GitRef.Check(Ref) is { } wrong)
        {
            return new SourceResolution(null, wrong);
        }

        // As on the server, a branch wins over a tag.
        foreach (var name in (string[])[$"refs/heads/{Ref}", $"refs/tags/{Ref}", Ref])
        {
            if (await CommitOfAsync(name, cancellationToken).ConfigureAwait(false) is { } commit)
            {
                return new SourceResolution(commit, null, await NameOfAsync(name, cancellationToken).ConfigureAwait(false));
            }
        }

        return new SourceResolution(null, $"The repository in {Folder} has no branch, tag or commit '{Ref}'. Fetch it, or name another.");
    }

    /// <summary>What the executors need of it.</summary>
    internal async Task<LocalFiles> OpenAsync(CancellationToken cancellationToken)
    {
        var (code, root, _) = await LocalGit.RunAsync(Folder, ["rev-parse", "--show-toplevel"], cancellationToken).ConfigureAwait(false);
        var isRepository = code == 0 && (Ref is not null || await CommitOfAsync(GitRef.Head, cancellationToken).ConfigureAwait(false) is not null);
        return new LocalFiles(code == 0 ? root.TrimEnd('\n') : Folder, IsInPlace, isRepository, Ref is not null);
    }

    private async Task<string?> CommitOfAsync(string name, CancellationToken cancellationToken)
    {
        var (code, output, _) = await LocalGit.RunAsync(Folder, ["rev-parse", "--verify", "--quiet", "--end-of-options", $"{name}^{{commit}}"], cancellationToken).ConfigureAwait(false);
        return code == 0 && GitRef.IsCommit(output.Trim()) ? output.Trim() : null;
    }

    private async Task<string?> NameOfAsync(string name, CancellationToken cancellationToken)
    {
        var (code, output, _) = await LocalGit.RunAsync(Folder, ["rev-parse", "--verify", "--quiet", "--symbolic-full-name", "--end-of-options", name], cancellationToken).ConfigureAwait(false);
        return code == 0 && output.Trim() is { Length: > 0 } full && full.StartsWith("refs/", StringComparison.Ordinal) ? full : null;
    }
}
