namespace Control.Engine.Sources;

/// <summary>A file that must be there while a command runs.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Content">A secret.</param>
public sealed record CommandFile(string Path, string Content)
{
    /// <summary>0600, to be given when the file is created, not afterwards: SSH refuses keys that others may read.</summary>
    public UnixFileMode Mode => UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The path alone, so that no log shows the content.</summary>
    public override string ToString() => Path;
}

/// <summary>
/// A call of Git as data: the caller starts the process, without a shell. Credentials are in the environment and the files,
/// never in the arguments, which every user of the machine can read.
/// </summary>
/// <param name="Arguments">Each one argument.</param>
/// <param name="Environment">
/// Variables to set. The process gets these and, of the caller's own, only <see cref="InheritedVariables"/>: a stray GIT_DIR or
/// GIT_CONFIG_COUNT would undo what is set here.
/// </param>
/// <param name="Files">To be written before the process starts and deleted after it has ended, however it ended.</param>
public sealed record GitCommand(
    ImmutableArray<string> Arguments,
    ImmutableSortedDictionary<string, string> Environment,
    ImmutableArray<CommandFile> Files)
{
    /// <summary>The program, to be found by PATH.</summary>
    public static string FileName => "git";

    /// <summary>Variables that the caller passes on from its own environment: where programs are, proxies, and trusted certificates.</summary>
    public static ImmutableArray<string> InheritedVariables { get; } =
    [
        "PATH", "TMPDIR", "http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH",
    ];

    /// <summary>The command line, without environment and files, so that no log shows credentials.</summary>
    public override string ToString() => $"{FileName} {string.Join(' ', Arguments)}";

    /// <summary>
    /// Asks a repository which commit a reference means; <see cref="RemoteRefs.Resolve"/> reads the answer. Not needed for a
    /// full commit id (<see cref="GitRef.IsCommit"/>), which stands for itself.
    /// </summary>
    /// <param name="access">The repository and how to reach it.</param>
    /// <param name="reference">Follows <see cref="GitRef.Check"/>.</param>
    /// <exception cref="ArgumentException">The reference does not follow the rule.</exception>
    public static GitCommand ListRemote(GitAccess access, string reference) =>
        access.Command(["ls-remote", "--symref", "--", access.Repository, .. RemoteRefs.Candidates(reference)]);
}
