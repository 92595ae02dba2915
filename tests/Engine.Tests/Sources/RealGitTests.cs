using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Control.Contracts.Workspaces;
using Control.Engine.Sources;

namespace Control.Engine.Tests.Sources;

/// <summary>
/// Runs the commands with the real Git against repositories on this machine. That takes the internal access by local path;
/// the last test shows that the public one refuses it. Fetching over HTTP is tested where a server runs.
/// </summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class RealGitTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("control-git-").FullName;
    private readonly string _origin;

    public RealGitTests()
    {
        _origin = Path.Combine(_folder, "origin");
        Setup("init", "--quiet", "--initial-branch=main", _origin);
        CommitFile("one");
        Setup("-C", _origin, "tag", "-a", "-m", "annotated", "v1");
        CommitFile("two");
        Setup("-C", _origin, "branch", "v1");
        CommitFile("three");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("HEAD", "HEAD")]
    [InlineData("main", "main")]
    [InlineData("v1", "refs/heads/v1")]
    [InlineData("refs/tags/v1", "refs/tags/v1^{commit}")]
    public void ListRemote_Reference_ResolvesAsGitDoes(string reference, string expected)
    {
        var (code, output, error) = Run(GitCommand.ListRemote(Access(), reference));

        Assert.True(code == 0, error);
        Assert.Equal(Setup("-C", _origin, "rev-parse", expected).Trim(), RemoteRefs.Resolve(reference, output).Commit);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(0, 3)]
    public void Plan_PinnedCommit_ChecksOutThatDepth(int depth, int commits)
    {
        var (work, fetches) = CheckOut(Plan("main", CommitOf("main"), depth, 2));

        Assert.Equal(1, fetches);
        Assert.Equal("three", File.ReadAllText(Path.Combine(work, "file")));
        Assert.Equal(commits, Setup("-C", work, "rev-list", "HEAD").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public void Plan_OlderCommit_IsCheckedOutThoughTheBranchMovedOn()
    {
        var (work, _) = CheckOut(Plan("main", CommitOf("main~2"), 1, 2));

        Assert.Equal("one", File.ReadAllText(Path.Combine(work, "file")));
    }

    /// <summary>Protocol version 0 knows only what references point at, as old servers do.</summary>
    [Theory]
    [InlineData("main", "main", 1)]
    [InlineData("main", "main~2", 4)]
    [InlineData("gone", "main~2", 4)]
    public void Plan_ServerRefusesCommits_FallsBack(string reference, string commit, int fetches)
    {
        var (work, used) = CheckOut(Plan(reference, CommitOf(commit), 1, 0));

        Assert.Equal(fetches, used);
        Assert.Equal(CommitOf(commit), Setup("-C", work, "rev-parse", "HEAD").Trim());
    }

    [Fact]
    public void Plan_CommitThatIsGone_BringsNothing() =>
        Assert.Throws<InvalidOperationException>(() => CheckOut(Plan("main", new string('1', 40), 1, 2)));

    [Fact]
    public void Checkout_RepositoryWithHooks_DoesNotRunThem()
    {
        var plan = Plan("main", CommitOf("main"), 1, 2);
        var work = Path.Combine(_folder, "work");
        Assert.All(plan.Prepare, c => Assert.Equal(0, Run(c).Code));
        var hook = Path.Combine(Directory.CreateDirectory(Path.Combine(work, ".git", "hooks")).FullName, "post-checkout");
        File.WriteAllText(hook, $"#!/bin/sh\ntouch {_folder}/hooked\n");
        File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);

        Assert.Equal(0, Run(plan.Fetches[0]).Code);
        Assert.Equal(0, Run(plan.Checkout).Code);

        Assert.False(File.Exists(Path.Combine(_folder, "hooked")));
    }

    [Theory]
    [InlineData("--upload-pack=touch${IFS}made")]
    [InlineData("$(touch${IFS}made)")]
    [InlineData("`touch$IFS\'made\'`;made")]
    public void Checkout_BranchNamedAsAnOptionOrACommand_IsAName(string branch)
    {
        // Git itself makes none of the first kind, but takes what a server has.
        File.AppendAllText(Path.Combine(_origin, ".git", "packed-refs"), $"{CommitOf("main~1")} refs/heads/{branch}\n");
        Assert.Equal(branch[0] == '-', GitRef.Check(branch) is not null);

        var listed = Run(GitCommand.ListRemote(Access(2), $"refs/heads/{branch}"));
        var (work, _) = CheckOut(Plan($"refs/heads/{branch}", CommitOf("main~1"), 1, 2));

        Assert.Contains(CommitOf("main~1"), listed.Output, StringComparison.Ordinal);
        Assert.Equal("two", File.ReadAllText(Path.Combine(work, "file")));
        Assert.Empty(Directory.EnumerateFiles(_folder, "made", SearchOption.AllDirectories));
        Assert.False(File.Exists("made"));
    }

    [Fact]
    public void ListRemote_FileProtocolInPublicAccess_IsRefusedByGit()
    {
        var access = GitAccess.Create("https://git.example.invalid/p", null, null, "", out _)!;

        var (code, _, error) = Run(access.Command(["ls-remote", "--", _origin]));

        Assert.NotEqual(0, code);
        Assert.Contains("transport 'file' not allowed", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ListRemote_RedirectWithCredentials_SendsThemNowhereElse()
    {
        using var elsewhere = new TcpListener(IPAddress.Loopback, 0);
        using var server = new TcpListener(IPAddress.Loopback, 0);
        elsewhere.Start();
        server.Start();
        var request = RedirectAsync(server, $"http://{elsewhere.LocalEndpoint}/p/info/refs?service=git-upload-pack");
        var access = GitAccess.Create($"http://{server.LocalEndpoint}/p", SecretKind.Text, new SecretValue("token"), "", out _)!;

        var (code, _, error) = await Task.Run(() => Run(GitCommand.ListRemote(access, "main")));

        Assert.Contains("Authorization: Basic Z2l0OnRva2Vu", await request, StringComparison.Ordinal);
        Assert.False(elsewhere.Pending());
        Assert.Contains("redirects", GitFailure.Explain(error, code), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ListRemote_PasswordsOfTheMachine_AreNotUsed()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        await File.WriteAllTextAsync(Path.Combine(_folder, ".netrc"), "machine 127.0.0.1 login me password hunter2\n");
        var command = GitCommand.ListRemote(GitAccess.Create($"http://{server.LocalEndpoint}/p", null, null, "", out _)!, "main");
        var requests = AskForPasswordAsync(server);

        var (code, _, error) = await Task.Run(() => Start(command.Arguments, [KeyValuePair.Create("HOME", _folder), .. command.Environment]));
        server.Stop();

        Assert.Contains("asks for credentials", GitFailure.Explain(error, code), StringComparison.Ordinal);
        Assert.DoesNotContain("Authorization", await requests, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<string> AskForPasswordAsync(TcpListener server)
    {
        var requests = "";
        try
        {
            while (true)
            {
                requests += await AnswerAsync(server, "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"");
            }
        }
        catch (Exception e) when (e is SocketException or InvalidOperationException)
        {
            // The listener was stopped, while it waited or in between.
            return requests;
        }
    }

    private static Task<string> RedirectAsync(TcpListener server, string location) => AnswerAsync(server, $"302 Found\r\nLocation: {location}");

    private static async Task<string> AnswerAsync(TcpListener server, string answer)
    {
        using var client = await server.AcceptTcpClientAsync();
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII, leaveOpen: true);
        var request = new StringBuilder();
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            request.AppendLine(line);
        }

        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
        return request.ToString();
    }

    private GitAccess Access(int version = 2) => GitAccess.ForLocalPath(_origin, version);

    private GitCheckout Plan(string reference, string commit, int depth, int version) =>
        GitCheckout.Plan(Access(version), Path.Combine(_folder, "work"), reference, commit, depth);

    private string CommitOf(string name) => Setup("-C", _origin, "rev-parse", name).Trim();

    private (string Work, int Fetches) CheckOut(GitCheckout plan)
    {
        Assert.All(plan.Prepare, c => Assert.True(Run(c) is { Code: 0 }, c.ToString()));
        for (var i = 0; i < plan.Fetches.Length; i++)
        {
            if (Run(plan.Fetches[i]).Code == 0 && Run(plan.Contains).Code == 0)
            {
                var (code, _, error) = Run(plan.Checkout);
                return code == 0 ? (Path.Combine(_folder, "work"), i + 1) : throw new InvalidOperationException(error);
            }
        }

        throw new InvalidOperationException("No fetch brought the commit.");
    }

    private void CommitFile(string content)
    {
        File.WriteAllText(Path.Combine(_origin, "file"), content);
        Setup("-C", _origin, "add", "file");
        Setup("-C", _origin, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "--quiet", "-m", content);
    }

    private static string Setup(params string[] arguments)
    {
        var identity = new Dictionary<string, string> { ["GIT_COMMITTER_NAME"] = "t", ["GIT_COMMITTER_EMAIL"] = "t@example.com", ["GIT_CONFIG_GLOBAL"] = "/dev/null" };
        var (code, output, error) = Start(arguments, identity);
        return code == 0 ? output : throw new InvalidOperationException(error);
    }

    private static (int Code, string Output, string Error) Run(GitCommand command) => Start(command.Arguments, command.Environment);

    private static (int Code, string Output, string Error) Start(IEnumerable<string> arguments, IEnumerable<KeyValuePair<string, string>> environment)
    {
        var start = new ProcessStartInfo(GitCommand.FileName, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var name in start.Environment.Keys.Except(GitCommand.InheritedVariables).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.Result);
    }
}
