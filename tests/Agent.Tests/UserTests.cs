using System.Diagnostics;
using System.Globalization;
using System.Text;
using Control.Agent.Processes;
using Control.Agent.Users;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Tests;

/// <summary>What jobs with users of their own can reach, with a real agent that is root.</summary>
public class UserTests
{
    // Ends its session's process group, its mark and its place among the parent's children; only its user is left.
    private const string Escape = "env -i setsid sh -c 'trap \"\" TERM HUP; (env -i setsid sleep 1000 &) ; exec env -i sleep 1001' >/dev/null 2>&1 &";

    [AsRootFact]
    public async Task Run_AsRoot_IsAUserOfItsOwnWithoutGroupsOrPrivileges()
    {
        await using var agent = await TestAgent.StartAsync();
        const string script = "id -u; id -g; id -G; grep -E 'NoNewPrivs|CapEff|CapBnd' /proc/self/status; stat -c '%u %a' . \"$HOME\" \"$TMPDIR\"; touch made";

        var (first, log) = await agent.Server.ResultOf(agent.Run(script));
        var (_, other) = await agent.Server.ResultOf(agent.Run("id -u"));

        Assert.True(first.Kind == ReportKind.Succeeded, log);
        var lines = log.Split('\n');
        var user = lines[1];
        Assert.InRange(uint.Parse(user, CultureInfo.InvariantCulture), UserRange.Default.First, UserRange.Default.Last);
        Assert.Equal([user, user], lines[2..4]);
        Assert.Equal(["CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"], lines[4..7]);
        Assert.Equal(Enumerable.Repeat($"{user} 700", 3), lines[7..10]);
        Assert.NotEqual(user, other.Split('\n')[1]);
    }

    [AsRootFact]
    public async Task Run_AsRoot_CannotReadTheAgentsCredentialOrFolder()
    {
        await using var agent = await TestAgent.StartAsync();
        var credential = Path.Combine(agent.State, "credential.json");
        Assert.True(File.Exists(credential));

        var (report, log) = await agent.Server.ResultOf(agent.Run($"! cat {credential}; ! ls {agent.State}; ! ls {agent.State}/spool; ! cat /proc/{Environment.ProcessId}/environ; ! ls {agent.Work}/*; echo still here"));

        Assert.True(report.Kind == ReportKind.Succeeded, log);
        Assert.Equal(4, log.Split("Permission denied").Length - 1);
        Assert.Contains("still here", log);
    }

    [AsRootFact]
    public async Task Run_BesideAnotherJob_CannotReadItsFilesOrEnvironmentOrEndIt()
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        var victim = TestAgent.Job(a => a with { Secrets = [new SecretEnv("KEY", "key", "text", File: true)] }, $"echo secret > file; {life.Hold} echo $$ $CONTROL_WORK >&9; sleep 1000") with
        {
            SecretValues = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("TOKEN", "victims-token").Add("KEY", "victims-key"),
        };
        agent.Server.Order(victim);
        Assert.Equal("ready", await life.ReadLineAsync());
        var (process, work) = (await life.ReadLineAsync())!.Split(' ') switch { [var id, var folder] => (id, folder), _ => default };
        Assert.Contains("victims-token", Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{process}/environ")));

        var (report, log) = await agent.Server.ResultOf(agent.Run(
            $"! cat {work}/file; ! ls {work}/..; ! touch {work}/other; ! cat /proc/{process}/environ; ! ls /proc/{process}/cwd/; ! kill -9 {process}; ! cat {work}/../control/step-1.sh; ! cat {work}/../secrets/KEY"));

        Assert.True(report.Kind == ReportKind.Succeeded, log);
        Assert.DoesNotContain("secret", log.Replace("secrets", "", StringComparison.Ordinal));
        Assert.DoesNotContain("victims-token", log);
        Assert.Equal(7, log.Split("Permission denied").Length - 1);
        Assert.True(Directory.Exists($"/proc/{process}"));
        agent.Server.Stop(victim);
        await agent.Server.EndOf(victim);
    }

    [AsRootTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task End_ProcessesThatEscapedAndWipedTheirMark_AreGone(bool stops)
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        var job = agent.Run($"{life.Hold} {Escape}\necho all >&9; {(stops ? "sleep 1000" : "true")}");
        Assert.Equal("ready", await life.ReadLineAsync());
        Assert.Equal("all", await life.ReadLineAsync());

        if (stops)
        {
            agent.Server.Stop(job);
        }

        var report = await agent.Server.EndOf(job);

        Assert.Equal(stops ? ReportKind.Stopped : ReportKind.Succeeded, report.Kind);
        await life.EndAsync(1);
    }

    [AsRootFact]
    public async Task Kill_OfAgentProcess_LeavesNothingOfTheUserEither()
    {
        await using var test = await TestAgent.ServerOnlyAsync();
        await test.KillAgentProcessWhileAsync(Escape);
    }

    [AsRootFact]
    public async Task Start_AfterABootThatDiedWithItsReaper_EndsWhatRanAsItsUsers()
    {
        await using var test = await TestAgent.ServerOnlyAsync();
        using (var first = test.Create())
        {
            await first.StartAsync(CancellationToken.None);
            await first.Joined;
            await first.StopAsync(CancellationToken.None);
        }

        using var credential = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(test.State, "credential.json")));
        var home = Path.Combine(test.Work, credential.RootElement.GetProperty("installation").GetString()!, "leftover", "home");
        Directory.CreateDirectory(home);
        var life = test.CreateLifeLine();
        using (var user = await new JobUsers(UserRange.Default, JobUsers.LockFolder, "").ClaimAsync())
        {
            Libc.Give(home, user.Id, user.Id);
            using var leftover = Process.Start(new ProcessStartInfo("setsid", [.. user.Prefix("setpriv"), "sh", "-c", $"{life.Hold} exec env -i sleep 1000"]))!;
            Assert.Equal("ready", await life.ReadLineAsync());
        }

        using var second = test.Create();
        await second.StartAsync(CancellationToken.None);
        await second.Joined;

        await life.EndAsync(1);
        Assert.False(Directory.Exists(Path.GetDirectoryName(home)));
        await second.StopAsync(CancellationToken.None);
    }

    [AsRootFact]
    public async Task Run_ScriptWritesToTheNamesOfItsOutput_Arrives()
    {
        await using var agent = await TestAgent.StartAsync();

        var (report, log) = await agent.Server.ResultOf(agent.Run("echo one > /dev/stderr; echo two | tee /dev/stderr; echo three > /proc/self/fd/1"));

        Assert.True(report.Kind == ReportKind.Succeeded, log);
        Assert.Contains("one\ntwo\ntwo\nthree\n", log);
    }

    [AsRootFact]
    public async Task Run_StepLeavesALinkInPlaceOfAFolder_TheAgentDoesNotFollowIt()
    {
        await using var agent = await TestAgent.StartAsync();
        var target = Directory.CreateDirectory(Path.Combine(agent.Folder, "target")).FullName;

        var job = agent.Run($"cd \"$CONTROL_WORK/..\"; ! mv control away; ! rm -r control; ! touch control/step-2.sh; ! mv out away; rm out/outputs; ln -s {target}/file out/outputs", "true");
        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal(Reasons.BadOutputs, report.Reason);
        Assert.True(Directory.GetFileSystemEntries(target).Length == 0, log);
    }

    [AsRootFact]
    public async Task Run_OutputsAreASecondNameOfTheAgentsFile_AreNotTaken()
    {
        await using var agent = await TestAgent.StartAsync();
        var file = Path.Combine(agent.Folder, "file");
        File.WriteAllText(file, "A=1\n");
        var gate = agent.CreateGate();
        var life = agent.CreateLifeLine();
        var job = agent.Run(a => a with { Outputs = ["A"] }, $"{life.Hold} rm $CONTROL_OUTPUT; echo $CONTROL_OUTPUT >&9; {gate.Wait}");
        Assert.Equal("ready", await life.ReadLineAsync());
        var outputs = (await life.ReadLineAsync())!;
        // As the job could where the kernel does not protect hard links.
        using (var link = Process.Start("ln", [file, outputs]))
        {
            await link.WaitForExitAsync();
            Assert.Equal(0, link.ExitCode);
        }

        await gate.OpenAsync();

        Assert.Equal(Reasons.BadOutputs, (await agent.Server.EndOf(job)).Reason);
    }

    [Fact]
    public async Task Start_WithoutUsers_SaysSoOnce()
    {
        await using var test = await TestAgent.ServerOnlyAsync();
        var lines = new Lines();
        using var agent = test.Create(options => options.JobUsers = null, loggers: lines);

        await agent.StartAsync(CancellationToken.None);
        await agent.Joined;
        await test.Server.EndOf(test.Run("true"));
        await test.Server.EndOf(test.Run("true"));
        await agent.StopAsync(CancellationToken.None);

        Assert.Single(lines.Warnings, line => line.Contains("can read its credential", StringComparison.Ordinal));
    }

    /// <summary>Keeps what people are warned of.</summary>
    private sealed class Lines : ILoggerFactory, ILogger
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Warnings { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Warnings.Enqueue(formatter(state, exception));

        public void Dispose()
        {
        }
    }

    [Theory]
    [InlineData("20000-29999", true)]
    [InlineData("1000-1000", true)]
    [InlineData("999-2000", false)]
    [InlineData("2000-1999", false)]
    [InlineData("20000-4294967295", false)]
    [InlineData("20000", false)]
    [InlineData("-1-5", false)]
    [InlineData("none", false)]
    public void TryParse_Range_AcceptsUsersThatAreNotTheSystems(string text, bool valid) =>
        Assert.Equal(valid, UserRange.TryParse(text, out _));

    [Fact]
    public async Task Claim_NumbersWithAccounts_AreLeftAloneUnlessMadeForJobs()
    {
        var folder = Directory.CreateTempSubdirectory("control-users-").FullName;
        const string accounts = "root:x:0:0::/:/bin/sh\nann:x:50001:50001::/:/bin/sh\ncontrol-job-2:x:50002:50002::/:/bin/sh\n";
        var users = new JobUsers(new UserRange(50_001, 50_002), folder, accounts);

        using var claimed = await users.ClaimAsync();

        Assert.Equal(50_002u, claimed.Id);
        Assert.Contains("50001-50002", (await Assert.ThrowsAsync<IOException>(users.ClaimAsync)).Message);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Claim_ManyAtOnceByTwoAgents_GivesEachUserToOneOnly()
    {
        var folder = Directory.CreateTempSubdirectory("control-users-").FullName;
        var range = new UserRange(50_100, 50_119);
        JobUsers[] agents = [new(range, folder, ""), new(range, folder, "")];

        var claimed = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(agents[i % 2].ClaimAsync)));

        Assert.Equal(20, claimed.Select(user => user.Id).Distinct().Count());
        await Assert.ThrowsAsync<IOException>(agents[0].ClaimAsync);
        claimed[7].Dispose();
        Assert.Equal(claimed[7].Id, (await agents[1].ClaimAsync()).Id);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void IsOf_StatusOfAProcess_LooksAtAllFourOfItsUsers()
    {
        const string status = "Name:\tUid:\t7\nUmask:\t0022\nUid:\t20001\t20002\t20003\t20004\nGid:\t5\t5\t5\t5\n";
        bool Has(uint user) => ProcessTable.IsOf([user], Encoding.ASCII.GetBytes(status));

        Assert.All([20001u, 20002u, 20003u, 20004u], user => Assert.True(Has(user)));
        Assert.All([5u, 7u, 2000u], user => Assert.False(Has(user)));
        Assert.False(ProcessTable.IsOf([0], []));
    }
}
