using System.Globalization;

namespace Control.Engine.Sources;

/// <summary>
/// How to get a pinned commit into an empty or absent folder. The caller runs <see cref="Prepare"/>; then the fetches in order,
/// going on to the next when one fails or when <see cref="Contains"/> fails after it; then <see cref="Checkout"/>. When no
/// fetch brings the commit, it is gone from the repository.
/// </summary>
/// <param name="Prepare">Makes the repository; all must succeed.</param>
/// <param name="Fetches">
/// The commit alone, which most servers allow; else the reference, which still leads to the commit unless somebody pushed
/// meanwhile; else every branch and tag with all history.
/// </param>
/// <param name="Contains">Succeeds when the commit is there.</param>
/// <param name="Checkout">Puts the files there, on no branch.</param>
public sealed record GitCheckout(
    ImmutableArray<GitCommand> Prepare,
    ImmutableArray<GitCommand> Fetches,
    GitCommand Contains,
    GitCommand Checkout)
{
    /// <summary>Git's own figure for "all history"; unlike --unshallow it is right for complete repositories too.</summary>
    private const int Everything = int.MaxValue;

    /// <summary>Plans a checkout.</summary>
    /// <param name="access">The repository and how to reach it.</param>
    /// <param name="directory">Absolute path of the folder.</param>
    /// <param name="reference">The reference the commit was found by; follows <see cref="GitRef.Check"/>.</param>
    /// <param name="commit">A full commit id.</param>
    /// <param name="depth">Commits of history; 0 for all.</param>
    /// <exception cref="ArgumentException">An argument is not as described.</exception>
    public static GitCheckout Plan(GitAccess access, string directory, string reference, string commit, int depth)
    {
        if (!Path.IsPathRooted(directory))
        {
            throw new ArgumentException("The folder's path must be absolute.", nameof(directory));
        }

        if (!GitRef.IsCommit(commit))
        {
            throw new ArgumentException("A full commit id is needed: 40 or 64 hexadecimal digits.", nameof(commit));
        }

        ArgumentOutOfRangeException.ThrowIfNegative(depth);
        var format = commit.Length == 64 ? "sha256" : "sha1";
        return new GitCheckout(
            [
                access.Command(["init", "--quiet", "--template=", $"--object-format={format}", "--initial-branch=main", "--", directory]),
                access.Command(["-C", directory, "remote", "add", "--", "origin", access.Repository]),
            ],
            Plans(access, directory, reference, commit, depth),
            access.Command(["-C", directory, "cat-file", "-e", $"{commit}^{{commit}}"]),
            access.Command(["-C", directory, "checkout", "--quiet", "--force", "--detach", commit, "--"]));
    }

    private static ImmutableArray<GitCommand> Plans(GitAccess access, string directory, string reference, string commit, int depth)
    {
        var named = RemoteRefs.Candidates(reference).Where(n => !n.EndsWith(RemoteRefs.Peeled, StringComparison.Ordinal) && n != commit);
        return
        [
            Fetch(access, directory, depth, commit),
            .. named.Select(name => Fetch(access, directory, depth, name)),
            Fetch(access, directory, Everything, "+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*"),
        ];
    }

    private static GitCommand Fetch(GitAccess access, string directory, int depth, params ReadOnlySpan<string> what)
    {
        ImmutableArray<string> limit = depth == 0 ? [] : [string.Create(CultureInfo.InvariantCulture, $"--depth={depth}")];
        return access.Command(["-C", directory, "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", .. limit, "--", access.Repository, .. what]);
    }
}
