using Control.Contracts.Workspaces;
using Control.Engine.Sources;

namespace Control.Engine.Tests.Sources;

public sealed class GitAccessTests
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";
    private const string KeyFile = "/var/lib/control agent/key";

    [Fact]
    public void ListRemote_PasswordOverHttp_IsInTheEnvironmentForThatOriginAlone()
    {
        var command = GitCommand.ListRemote(Access("https://git.example.com:8443/a/b", SecretKind.Password, new(User: "me", Password: "pa:ss")), "main");

        Assert.Equal(
            ["ls-remote", "--symref", "--", "https://git.example.com:8443/a/b", "refs/heads/main", "refs/tags/main^{}", "refs/tags/main"],
            command.Arguments.AsEnumerable());
        var settings = Settings(command);
        Assert.Equal("Authorization: Basic bWU6cGE6c3M=", settings["http.https://git.example.com:8443.extraHeader"]);
        Assert.Equal("false", settings["http.followRedirects"]);
        Assert.DoesNotContain("bWU6", command.ToString(), StringComparison.Ordinal);
        Assert.Empty(command.Files);
    }

    [Fact]
    public void ListRemote_AnyAccess_ShutsOutTheMachine()
    {
        var command = GitCommand.ListRemote(Access("https://h/p", null, null), "HEAD");

        Assert.Equal("0", command.Environment["GIT_TERMINAL_PROMPT"]);
        Assert.Equal("https:http:ssh:git", command.Environment["GIT_ALLOW_PROTOCOL"]);
        Assert.Equal("1", command.Environment["GIT_CONFIG_NOSYSTEM"]);
        Assert.Equal("/dev/null", command.Environment["GIT_CONFIG_GLOBAL"]);
        Assert.Contains("-o IdentityFile=none", command.Environment["GIT_SSH_COMMAND"], StringComparison.Ordinal);
        var settings = Settings(command);
        Assert.Equal("/dev/null", settings["core.hooksPath"]);
        Assert.Equal("", settings["credential.helper"]);
        Assert.Equal("initial", settings["http.followRedirects"]);
        Assert.DoesNotContain(settings.Keys, k => k.EndsWith("extraHeader", StringComparison.Ordinal));
        Assert.DoesNotContain(GitCommand.InheritedVariables, v => v.StartsWith("GIT_CONFIG", StringComparison.Ordinal) || v == "GIT_DIR");
    }

    [Fact]
    public void ListRemote_SshKey_IsAFileForTheOwnerAlone()
    {
        var command = GitCommand.ListRemote(Access("git@h:p", SecretKind.SshKey, new("-----BEGIN\r\nkey")), "main");

        var file = Assert.Single(command.Files);
        Assert.Equal(new CommandFile(KeyFile, "-----BEGIN\nkey\n"), file);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, file.Mode);
        Assert.EndsWith($"-i '{KeyFile}'", command.Environment["GIT_SSH_COMMAND"], StringComparison.Ordinal);
        Assert.DoesNotContain("BEGIN", $"{command}{file}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("relative/key")]
    [InlineData("/a'b")]
    [InlineData("/a$(id)")]
    [InlineData("/a%h")]
    [InlineData("/a\n")]
    [InlineData("/a\\b")]
    public void Create_StrangeKeyPath_Throws(string path) =>
        Assert.Throws<ArgumentException>(() => GitAccess.Create("git@h:p", SecretKind.SshKey, new("key"), path, out _));

    [Theory]
    [InlineData("file:///etc")]
    [InlineData("--upload-pack=id")]
    public void Create_BadAddress_Throws(string url) => Assert.Throws<ArgumentException>(() => GitAccess.Create(url, null, null, KeyFile, out _));

    [Theory]
    [InlineData("https://h/p", SecretKind.SshKey, "password")]
    [InlineData("https://h/p", SecretKind.Password, "password")]
    [InlineData("git@h:p", SecretKind.Text, "sshKey")]
    [InlineData("ssh://h/p", SecretKind.Password, "sshKey")]
    [InlineData("git://h/p", SecretKind.Text, "no credentials")]
    public void Create_UnfitCredential_SaysWhichWouldFit(string url, SecretKind kind, string message)
    {
        Assert.Null(GitAccess.Create(url, kind, new SecretValue("text"), KeyFile, out var error));

        Assert.Contains(message, error!, StringComparison.Ordinal);
    }

    [Fact]
    public void ListRemote_BadReference_Throws() =>
        Assert.Throws<ArgumentException>(() => GitCommand.ListRemote(Access("https://h/p", null, null), "--upload-pack=id"));

    [Theory]
    [InlineData("relative", "main", Commit, 1)]
    [InlineData("/w", "-x", Commit, 1)]
    [InlineData("/w", "main", "0123", 1)]
    [InlineData("/w", "main", "--help", 1)]
    [InlineData("/w", "main", Commit, -1)]
    public void Plan_BadArgument_Throws(string directory, string reference, string commit, int depth) =>
        Assert.ThrowsAny<ArgumentException>(() => GitCheckout.Plan(Access("https://h/p", null, null), directory, reference, commit, depth));

    [Fact]
    public void Plan_Branch_FallsBackFromCommitToReferenceToEverything()
    {
        var plan = GitCheckout.Plan(Access("https://h/p", null, null), "/w", "main", Commit, 5);

        Assert.Equal(
            [
                $"git -C /w fetch --quiet --no-tags --no-recurse-submodules --depth=5 -- https://h/p {Commit}",
                "git -C /w fetch --quiet --no-tags --no-recurse-submodules --depth=5 -- https://h/p refs/heads/main",
                "git -C /w fetch --quiet --no-tags --no-recurse-submodules --depth=5 -- https://h/p refs/tags/main",
                "git -C /w fetch --quiet --no-tags --no-recurse-submodules --depth=2147483647 -- https://h/p +refs/heads/*:refs/remotes/origin/* +refs/tags/*:refs/tags/*",
            ],
            plan.Fetches.Select(f => f.ToString()));
        Assert.Equal($"git -C /w checkout --quiet --force --detach {Commit} --", plan.Checkout.ToString());
    }

    [Theory]
    [InlineData("fatal: could not read Username for 'https://h': terminal prompts disabled", "'credentials:'")]
    [InlineData("remote: Repository not found.\nfatal: repository 'https://h/p/' not found", "does not exist")]
    [InlineData("fatal: Not a valid object name 1111^{commit}", "no longer in the repository")]
    [InlineData("fatal: transport 'file' not allowed", "not allowed. Use its https")]
    [InlineData("server certificate verification failed. CAfile: none", "GIT_SSL_CAINFO")]
    [InlineData("fatal: unable to access: Could not resolve host: h", "name servers")]
    [InlineData("fatal: unable to access 'https://127.0.0.1:1/x/': Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect to server", "cannot be reached. Check the address and port")]
    [InlineData("ssh: connect to host 192.0.2.1 port 22: Network is unreachable", "cannot be reached. Check the address")]
    [InlineData("odd\nfatal: strange \u001b[31m thing\n", "code 128: 'fatal: strange ?[31m thing'")]
    [InlineData("", "no message")]
    public void Explain_Message_NamesTheCure(string standardError, string expected) =>
        Assert.Contains(expected, GitFailure.Explain(standardError, 128), StringComparison.Ordinal);

    private static GitAccess Access(string url, SecretKind? kind, SecretValue? value) =>
        GitAccess.Create(url, kind, value, KeyFile, out var error) ?? throw new InvalidOperationException(error);

    private static Dictionary<string, string> Settings(GitCommand command) => Enumerable
        .Range(0, int.Parse(command.Environment["GIT_CONFIG_COUNT"], System.Globalization.CultureInfo.InvariantCulture))
        .GroupBy(i => command.Environment[$"GIT_CONFIG_KEY_{i}"])
        .ToDictionary(g => g.Key, g => command.Environment[$"GIT_CONFIG_VALUE_{g.Last()}"]);
}
