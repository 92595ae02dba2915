using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Control.Contracts.Workspaces;

namespace Control.Engine.Sources;

/// <summary>A repository and the credentials it is reached with: makes the environment that every Git command runs in.</summary>
public sealed partial class GitAccess
{
    private const string RemoteProtocols = "https:http:ssh:git";

    /// <summary>The user name sent with a token that comes without one; GitHub, GitLab and Gitea look at the token only.</summary>
    private const string TokenUser = "git";

    private readonly string _protocols;
    private readonly ImmutableArray<(string Key, string Value)> _settings;
    private readonly string _sshCommand;
    private readonly ImmutableArray<CommandFile> _files;

    private GitAccess(
        string repository,
        string protocols,
        string sshIdentity,
        ImmutableArray<CommandFile> files,
        params ImmutableArray<(string Key, string Value)> settings)
    {
        Repository = repository;
        _protocols = protocols;
        _settings = [.. CommonSettings(), .. settings];
        _sshCommand = SshCommand(sshIdentity);
        _files = files;
    }

    /// <summary>The address, without credentials.</summary>
    public string Repository { get; }

    /// <summary>Access to a repository; null when the credentials do not fit the address, which <paramref name="error"/> explains.</summary>
    /// <param name="repository">Follows <see cref="RepositoryUrl.Check"/>.</param>
    /// <param name="kind">The shape of the credential; null for none.</param>
    /// <param name="credential">The credential; null for none.</param>
    /// <param name="keyFile">Where an SSH key is to be written while a command runs: an absolute path of letters, digits and <c>/ . _ + = @ , -</c> or spaces.</param>
    /// <param name="error">What is wrong, cure included; null otherwise.</param>
    /// <exception cref="ArgumentException">The address or the key's path does not follow its rule.</exception>
    public static GitAccess? Create(string repository, SecretKind? kind, SecretValue? credential, string keyFile, out string? error)
    {
        if (RepositoryUrl.Check(repository) is { } fault)
        {
            throw new ArgumentException(fault, nameof(repository));
        }

        error = null;
        var origin = RepositoryUrl.HttpOrigin(repository);
        return (kind, credential) switch
        {
            (null, _) or (_, null) => new GitAccess(repository, RemoteProtocols, NoIdentity, []),
            (SecretKind.Password, { Password: { } password } value) when origin is not null => Http(repository, origin, value.User ?? TokenUser, password),
            (SecretKind.Text, { Text: { } token }) when origin is not null => Http(repository, origin, TokenUser, token.Trim()),
            (SecretKind.SshKey, { Text: { } key }) when RepositoryUrl.IsSsh(repository) => Ssh(repository, key, keyFile),
            _ => Unfit(repository, origin, out error),
        };
    }

    /// <summary>
    /// Access to a repository on this machine, for tests alone: what everybody else gets excludes the file protocol.
    /// </summary>
    internal static GitAccess ForLocalPath(string path, int protocolVersion) =>
        new(path, "file", NoIdentity, [], ("protocol.version", protocolVersion.ToString(CultureInfo.InvariantCulture)));

    /// <summary>A command in this environment.</summary>
    internal GitCommand Command(ImmutableArray<string> arguments) => new(arguments, Environment(), _files);

    private static string NoIdentity => "-o IdentityFile=none";

    private static GitAccess Http(string repository, string origin, string user, string password)
    {
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));

        // Bound to the origin, which keeps it from submodules elsewhere but not from redirects: Git 2.39 follows the first
        // request's redirect to another host and sends the header with the second request there. So none is followed.
        return new GitAccess(
            repository,
            RemoteProtocols,
            NoIdentity,
            [],
            ($"http.{origin}.extraHeader", $"Authorization: Basic {basic}"),
            ("http.followRedirects", "false"));
    }

    private static GitAccess Ssh(string repository, string key, string keyFile)
    {
        if (!KeyFile().IsMatch(keyFile))
        {
            throw new ArgumentException("The key's path must be absolute, of letters, digits, spaces and / . _ + = @ , - alone.", nameof(keyFile));
        }

        // OpenSSH refuses keys with CR LF line ends, or without one at the end.
        var content = key.ReplaceLineEndings("\n").TrimEnd('\n') + "\n";
        return new GitAccess(repository, RemoteProtocols, $"-i '{keyFile}'", [new CommandFile(keyFile, content)]);
    }

    private static GitAccess? Unfit(string repository, string? origin, out string error)
    {
        error = (origin is not null, RepositoryUrl.IsSsh(repository)) switch
        {
            (true, _) => "An http or https repository needs a secret of kind password, or of kind text that holds a token. Name such a secret with 'credentials:'.",
            (_, true) => "A repository reached by SSH needs a secret of kind sshKey. Name such a secret with 'credentials:'.",
            _ => "The git protocol has no credentials. Remove 'credentials:', or use the https or ssh address of the repository.",
        };
        return null;
    }

    /// <summary>
    /// GIT_SSH_COMMAND is read by a shell; only constants and a checked, quoted path get into it. An agent's own keys and SSH
    /// configuration are out of bounds for the jobs it runs, and unknown hosts are trusted on first use.
    /// </summary>
    private static string SshCommand(string identity) =>
        "ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=accept-new -o ConnectTimeout=30 -o ServerAliveInterval=15"
        + $" -o ServerAliveCountMax=4 -o IdentityAgent=none -o IdentitiesOnly=yes {identity}";

    private static ImmutableArray<(string Key, string Value)> CommonSettings() =>
    [
        ("core.hooksPath", "/dev/null"),
        ("credential.helper", ""),
        ("core.askPass", ""),
        ("http.followRedirects", "initial"),
        ("http.lowSpeedLimit", "1000"),
        ("http.lowSpeedTime", "60"),
        ("submodule.recurse", "false"),
        ("gc.auto", "0"),
        ("maintenance.auto", "false"),
    ];

    private ImmutableSortedDictionary<string, string> Environment()
    {
        var variables = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        variables["GIT_TERMINAL_PROMPT"] = "0";

        // Git has curl read .netrc: the machine's own passwords would be sent for whoever writes a pipeline. Without HOME,
        // curl would look the user's home up, so it is given one in which there is nothing.
        variables["HOME"] = "/dev/null";
        variables["GIT_ASKPASS"] = "";
        variables["GIT_ALLOW_PROTOCOL"] = _protocols;
        variables["GIT_CONFIG_NOSYSTEM"] = "1";
        variables["GIT_CONFIG_GLOBAL"] = "/dev/null";
        variables["GIT_SSH_COMMAND"] = _sshCommand;
        variables["GIT_SSH_VARIANT"] = "ssh";
        variables["LC_ALL"] = "C";
        variables["GIT_CONFIG_COUNT"] = _settings.Length.ToString(CultureInfo.InvariantCulture);
        for (var i = 0; i < _settings.Length; i++)
        {
            variables[string.Create(CultureInfo.InvariantCulture, $"GIT_CONFIG_KEY_{i}")] = _settings[i].Key;
            variables[string.Create(CultureInfo.InvariantCulture, $"GIT_CONFIG_VALUE_{i}")] = _settings[i].Value;
        }

        return variables.ToImmutable();
    }

    [GeneratedRegex(@"^/[A-Za-z0-9/._ +=@,-]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex KeyFile();
}
