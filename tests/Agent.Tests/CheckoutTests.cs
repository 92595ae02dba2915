using System.Diagnostics;
using System.Net;
using Control.Contracts.Agents;
using Control.Contracts.Runs;
using Control.Contracts.Workspaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Tests;

/// <summary>Checkouts by the real git from a repository served over HTTP.</summary>
public class CheckoutTests
{
    private static readonly CheckoutSpec Missing = new("", "main", new string('a', 40), 0, null);

    [Fact]
    public async Task Run_WithSource_HasThePinnedCommitAndNoCredential()
    {
        await using var agent = await TestAgent.StartAsync();
        await using var repository = await Repository.StartAsync("git:top-secret-token");
        var job = TestAgent.Job(a => a with { Checkout = repository.Spec }, "cat file; git log --oneline | wc -l; ! grep -r top-secret .git; test ! -e ../git")
            with
        { SourceCredentialKind = SecretKind.Text, SourceCredential = new SecretValue(Text: "top-secret-token") };
        agent.Server.Order(job);

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.True(report.Kind == ReportKind.Succeeded, log);
        Assert.StartsWith($"== checkout of main ({repository.Spec.Commit}) from {repository.Spec.Repository}\n== step 1: s1\nfirst\n1\n", log);
    }

    [AsRootFact]
    public async Task Run_SourceOverSsh_IsFetchedByAUserWithANameAndBelongsToTheJob()
    {
        await using var agent = await TestAgent.StartAsync();
        await using var repository = await Repository.StartAsync(null);
        using var ssh = FakeSsh.Install();
        var spec = repository.Spec with { Repository = $"git@example.invalid:{repository.Folder}/bare" };
        var job = TestAgent.Job(a => a with { Checkout = spec }, "cat file; git status --porcelain; echo $(stat -c %u . .git file | sort -u) $(id -u); test ! -e ../git; git log --oneline")
            with
        { SourceCredentialKind = SecretKind.SshKey, SourceCredential = new SecretValue(Text: "the key") };
        agent.Server.Order(job);

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.True(report.Kind == ReportKind.Succeeded, log);
        Assert.Matches("first\n([0-9]{5}) \\1\n", log);
        Assert.Contains("user 0, key file of 0 with 600", File.ReadAllText(ssh.Log));
    }

    [Fact]
    public async Task Run_WrongCredential_FailsWithTheCureAndWithoutTheSecret()
    {
        await using var agent = await TestAgent.StartAsync();
        await using var repository = await Repository.StartAsync("git:right");
        var job = TestAgent.Job(a => a with { Checkout = repository.Spec }, "echo ran")
            with
        { SourceCredentialKind = SecretKind.Text, SourceCredential = new SecretValue(Text: "wrong-token") };
        agent.Server.Order(job);

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.CheckoutFailed), (report.Kind, report.Reason));
        Assert.Contains("credentials", report.Message);
        Assert.DoesNotContain("wrong-token", log + report.Message);
        Assert.DoesNotContain("ran\n", log);
    }

    [Fact]
    public async Task Run_CommitGone_Fails()
    {
        await using var agent = await TestAgent.StartAsync();
        await using var repository = await Repository.StartAsync(null);
        var job = agent.Run(a => a with { Checkout = Missing with { Repository = repository.Spec.Repository } }, "echo ran");

        Assert.Equal(Reasons.CheckoutFailed, (await agent.Server.EndOf(job)).Reason);
    }

    [Theory]
    [InlineData("/etc")]
    [InlineData("ext::sh -c id")]
    [InlineData("file:///etc")]
    public async Task Run_LocalRepository_IsRefused(string repository)
    {
        await using var agent = await TestAgent.StartAsync();
        var job = agent.Run(a => a with { Checkout = Missing with { Repository = repository } }, "echo ran");

        Assert.Equal(Reasons.CheckoutFailed, (await agent.Server.EndOf(job)).Reason);
    }

    /// <summary>A repository with two commits, served as plain files; the spec pins the first.</summary>
    private sealed class Repository : IAsyncDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("control-agent-git-");
        private WebApplication? _app;

        public CheckoutSpec Spec { get; private set; } = Missing;

        public string Folder => _folder.FullName;

        public static async Task<Repository> StartAsync(string? login)
        {
            var repository = new Repository();
            const string script = """
                set -e; git init -q -b main work; cd work; git config user.email a@b; git config user.name a
                echo first > file; git add file; git commit -qm 1; git rev-parse HEAD
                echo second > file; git commit -qam 2; git clone -q --bare . ../bare; cd ../bare; git update-server-info
                """;
            using var git = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { WorkingDirectory = repository._folder.FullName, RedirectStandardOutput = true })!;
            var commit = (await git.StandardOutput.ReadToEndAsync()).Trim();
            await git.WaitForExitAsync();
            repository._app = Serve(Path.Combine(repository._folder.FullName, "bare"), login);
            await repository._app.StartAsync();
            repository.Spec = new CheckoutSpec($"{repository._app.Urls.First()}/repo", "main", commit, 0, null);
            return repository;
        }

        public async ValueTask DisposeAsync()
        {
            await _app!.DisposeAsync();
            _folder.Delete(recursive: true);
        }

        private static WebApplication Serve(string folder, string? login)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
            var app = builder.Build();
            var expected = login is null ? null : "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(login));
            app.Use((context, next) =>
            {
                if (expected is null || context.Request.Headers.Authorization == expected)
                {
                    return next(context);
                }

                context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                context.Response.Headers.WWWAuthenticate = "Basic";
                return Task.CompletedTask;
            });
            app.UseStaticFiles(new StaticFileOptions { RequestPath = "/repo", ServeUnknownFileTypes = true, FileProvider = new PhysicalFileProvider(folder) });
            return app;
        }
    }

    /// <summary>An <c>ssh</c> first on the PATH that serves this machine, and tells as whom and with what key it was run.</summary>
    private sealed class FakeSsh : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("control-agent-ssh-");
        private readonly string? _path = Environment.GetEnvironmentVariable("PATH");

        public string Log => Path.Combine(_folder.FullName, "log");

        public static FakeSsh Install()
        {
            var fake = new FakeSsh();
            var program = Path.Combine(fake._folder.FullName, "ssh");
            File.WriteAllText(program, $$"""
                #!/bin/sh
                while [ $# -gt 1 ]; do [ "$1" != -i ] || key=$2; shift; done
                echo "user $(id -u), key file of $(stat -c '%u with %a' "$key")" >> {{fake.Log}}
                eval "$1"

                """);
            File.SetUnixFileMode(program, (UnixFileMode)0b111_101_101);
            Environment.SetEnvironmentVariable("PATH", $"{fake._folder.FullName}:{fake._path}");
            return fake;
        }

        public void Dispose()
        {
            Environment.SetEnvironmentVariable("PATH", _path);
            _folder.Delete(recursive: true);
        }
    }
}
