using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Agent.Tests;

public class JobTests
{
    [Fact]
    public async Task Run_StepsSucceed_ReportsOutputsAndWholeLog()
    {
        await using var agent = await TestAgent.StartAsync();
        var job = agent.Run(a => a with { Outputs = ["VERSION"] }, "echo out; echo err >&2", "echo VERSION=1.2 >> $CONTROL_OUTPUT");

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal((ReportKind.Succeeded, 0), (report.Kind, report.ExitCode));
        Assert.Equal("1.2", report.Outputs["VERSION"]);
        Assert.StartsWith("== step 1: s1\nout\nerr\n== step 1 ended with 0 after ", log);
        Assert.Contains("== step 2: s2\n", log);
        Assert.Equal(1, agent.Server.Reports.Count(r => r.Kind == ReportKind.Started));
    }

    [Fact]
    public async Task Run_StepFails_ReportsItsCodeAndSkipsTheRest()
    {
        await using var agent = await TestAgent.StartAsync();
        var job = agent.Run("false; exit 3", "exit 7", "echo never");

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.StepFailed, 1), (report.Kind, report.Reason, report.ExitCode));
        Assert.DoesNotContain("never", log);
    }

    [Fact]
    public async Task Run_Environment_IsCleanAndLayered()
    {
        await using var agent = await TestAgent.StartAsync();
        Environment.SetEnvironmentVariable("LEAKED_FROM_AGENT", "1");
        var step = new StepSpec("env", "env; pwd; test -d \"$HOME\"; test -d \"$TMPDIR\"; read -r x || echo no-input", "sh", "", [new EnvVar("A", "step")], 0);
        var job = agent.Run(a => a with { Steps = [step], Env = [new EnvVar("A", "job"), new EnvVar("B", "two words; $(id)"), new EnvVar("CONTROL_WORK", "mine")] });

        var (report, log) = await agent.Server.ResultOf(job);

        var lines = log.Split('\n');
        Assert.Equal(ReportKind.Succeeded, report.Kind);
        Assert.Contains("A=step", lines);
        Assert.Contains("B=two words; $(id)", lines);
        Assert.Contains($"CONTROL_ATTEMPT_ID={job.Assignment.Attempt}", lines);
        Assert.Contains($"CONTROL_WORK={lines.First(l => l.StartsWith('/'))}", lines);
        Assert.Contains("no-input", lines);
        Assert.DoesNotContain("LEAKED_FROM_AGENT", log);
    }

    [Fact]
    public async Task Run_BadOutputs_FailsWithTheLine()
    {
        await using var agent = await TestAgent.StartAsync();
        var job = agent.Run(a => a with { Outputs = ["A"] }, "echo 'no equals sign' > $CONTROL_OUTPUT");

        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.BadOutputs), (report.Kind, report.Reason));
    }

    [Fact]
    public async Task Run_ReportIsCalledWrong_ReportsAFailureInstead()
    {
        await using var agent = await TestAgent.StartAsync();
        agent.Server.IsWrong = report => !report.Outputs.IsEmpty;
        var job = agent.Run(a => a with { Outputs = ["A"] }, "echo A=1 >> $CONTROL_OUTPUT; echo kept");

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.AgentError), (report.Kind, report.Reason));
        Assert.Contains("outputs: Too many.", report.Message);
        Assert.Contains("kept", log);
    }

    [Theory]
    [InlineData("rm $CONTROL_OUTPUT; mkfifo $CONTROL_OUTPUT")]
    [InlineData("rm $CONTROL_OUTPUT; ln -s /etc/passwd $CONTROL_OUTPUT")]
    [InlineData("rm $CONTROL_OUTPUT; mkdir $CONTROL_OUTPUT")]
    [InlineData("rm $CONTROL_OUTPUT")]
    public async Task Run_OutputsFileReplaced_FailsWithoutHanging(string script)
    {
        await using var agent = await TestAgent.StartAsync();
        var job = agent.Run(a => a with { Outputs = ["A"] }, script);

        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.BadOutputs), (report.Kind, report.Reason));
    }

    [Fact]
    public async Task Run_SecretInOutput_Fails()
    {
        await using var agent = await TestAgent.StartAsync();
        var job = TestAgent.Job(a => a with { Outputs = ["A"] }, "echo A=x${TOKEN}y > $CONTROL_OUTPUT") with { SecretValues = Secrets("TOKEN", "hunter2hunter2") };
        agent.Server.Order(job);

        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.BadOutputs), (report.Kind, report.Reason));
        Assert.DoesNotContain("hunter2", report.Message);
    }

    [Fact]
    public async Task Run_SecretInPieces_IsMaskedInLogAndMessage()
    {
        await using var agent = await TestAgent.StartAsync();
        var gate = agent.CreateGate();
        var step = new StepSpec("deploy s3cr3t-value", $"printf 'a s3cr3t-'; {gate.Wait} printf 'value b'; echo $TOKEN | base64; exit 4", "sh", "", [], 0);
        var job = TestAgent.Job(a => a with { Steps = [step] }) with { SecretValues = Secrets("TOKEN", "s3cr3t-value") };
        agent.Server.Order(job);
        await gate.OpenAsync();

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.DoesNotContain("s3cr3t", log);
        Assert.Contains("deploy ***\na *** b", log);
        Assert.DoesNotContain(Convert.ToBase64String("s3cr3t-value"u8)[..^4], log);
        Assert.DoesNotContain("s3cr3t", report.Message);
    }

    [Fact]
    public async Task Run_InvalidUtf8_PassesUnchanged()
    {
        await using var agent = await TestAgent.StartAsync();
        var job = agent.Run("printf '\\377\\376\\001x'");

        var (report, _) = await agent.Server.ResultOf(job);

        Assert.Contains("\u00ff\u00fe\u0001x", System.Text.Encoding.Latin1.GetString(agent.Server.Log(report.Attempt)));
    }

    [Fact]
    public async Task Run_MissingSecret_FailsWithoutRunning()
    {
        await using var agent = await TestAgent.StartAsync();
        var job = TestAgent.Job(a => a, "echo ran") with { MissingSecrets = ["npm-token"] };
        agent.Server.Order(job);

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.SecretMissing), (report.Kind, report.Reason));
        Assert.Contains("npm-token", report.Message);
        Assert.DoesNotContain("ran\n", log);
    }

    [Theory]
    [InlineData("../..")]
    [InlineData("/etc")]
    [InlineData("missing")]
    public async Task Run_WorkingDirectoryNotInside_Fails(string folder)
    {
        await using var agent = await TestAgent.StartAsync();
        var job = agent.Run(a => a with { Steps = [new StepSpec("s", "pwd", "sh", folder, [], 0)] });

        Assert.Equal(Reasons.StepFailed, (await agent.Server.EndOf(job)).Reason);
    }

    // What the agent cannot name, or not reach by a path, is removed all the same.
    [Theory]
    [InlineData("touch \"$(printf 'a\\377')\"; mkdir -p \"$(printf 'b\\376')/in\"")]
    [InlineData("name=$(printf '%0200d' 7); mkdir tree; i=0; while [ $i -lt 40 ]; do mkdir up; mv tree up/$name; mv up tree; i=$((i + 1)); done")]
    public async Task Run_LeavesNamesThatAreNoTextOrATreeDeeperThanAnyPath_WorkFolderIsRemoved(string script)
    {
        await using var agent = await TestAgent.StartAsync();

        Assert.Equal(ReportKind.Succeeded, (await agent.Server.EndOf(agent.Run(script))).Kind);
        await agent.Host.StopAsync(CancellationToken.None);

        Assert.Empty(Directory.GetFileSystemEntries(agent.Work));
    }

    [Fact]
    public async Task Run_Ended_RemovesWorkFolderEvenReadOnlyAndKeepsLinkTargets()
    {
        await using var agent = await TestAgent.StartAsync();
        var precious = Path.Combine(agent.Folder, "precious");
        Directory.CreateDirectory(precious);
        File.WriteAllText(Path.Combine(precious, "file"), "x");
        var job = agent.Run($"mkdir -p ro/deep; touch ro/deep/file; chmod -R a-w ro; ln -s {precious} link");

        Assert.Equal(ReportKind.Succeeded, (await agent.Server.EndOf(job)).Kind);
        await agent.Host.StopAsync(CancellationToken.None);

        Assert.Empty(Directory.GetFileSystemEntries(agent.Work));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(agent.State, "spool")));
        Assert.True(File.Exists(Path.Combine(precious, "file")));
    }

    [Fact]
    public async Task Run_TooMuchLog_EndsWithTheLimit()
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        var job = agent.Run(a => a with { LogLimitBytes = 100_000 }, $"{life.Hold} yes");

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.LogLimit), (report.Kind, report.Reason));
        Assert.Equal(100_000, report.LogLength);
        Assert.EndsWith("Write less, or to files.\n", log);
        await life.EndAsync(1);
    }

    [Fact]
    public async Task Run_HundredMegabytesOnOneLine_EndsWithTheLimitAndTheAgentGoesOn()
    {
        await using var agent = await TestAgent.StartAsync();
        const long limit = 64L << 20;
        var job = TestAgent.Job(a => a with { LogLimitBytes = limit }, "printf hunter2hunter2; head -c 104857600 /dev/zero | tr '\\0' x; echo; echo end")
            with
        { SecretValues = Secrets("TOKEN", "hunter2hunter2") };
        agent.Server.Order(job);

        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.LogLimit), (report.Kind, report.Reason));
        Assert.InRange(report.LogLength, limit - (1 << 20), limit);
        await agent.Server.Until(() => agent.Server.Chunks.Any(chunk => chunk.Attempt == report.Attempt && chunk.Offset + chunk.Length == report.LogLength));
        var log = agent.Server.Log(report.Attempt);
        Assert.Equal("== step 1: s1\n***xxxxx", System.Text.Encoding.ASCII.GetString(log, 0, 22));
        Assert.Equal(-1, log.AsSpan(22, 60 << 20).IndexOfAnyExcept((byte)'x'));
        Assert.Equal(ReportKind.Succeeded, (await agent.Server.EndOf(agent.Run("echo next"))).Kind);
    }

    [Fact]
    public async Task Run_HundredThousandVariables_FailsTheJobAndTheAgentGoesOn()
    {
        await using var agent = await TestAgent.StartAsync();
        var given = agent.Run(a => a with { Env = [.. Enumerable.Range(0, 100_000).Select(i => new EnvVar($"VARIABLE_{i}", "some value of it"))] }, "true");
        var made = agent.Run("awk 'BEGIN { for (i = 0; i < 100000; i++) print \"export VARIABLE_\" i \"=some-value-of-it\" }' > all; . ./all; id");

        var refused = await agent.Server.EndOf(given);
        var (failed, log) = await agent.Server.ResultOf(made);

        Assert.Equal((ReportKind.Failed, Reasons.AgentError), (refused.Kind, refused.Reason));
        Assert.Contains("too long", refused.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Equal((ReportKind.Failed, Reasons.StepFailed), (failed.Kind, failed.Reason));
        Assert.Contains("too long", log, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(ReportKind.Succeeded, (await agent.Server.EndOf(agent.Run("echo next"))).Kind);
    }

    [Fact]
    public async Task Run_SpoolQuotaFull_IsAgentError()
    {
        await using var agent = await TestAgent.StartAsync(options => options.SpoolQuotaBytes = 1 << 20);
        var job = agent.Run(a => a with { LogLimitBytes = 1 << 30 }, "yes");

        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.AgentError), (report.Kind, report.Reason));
        Assert.Contains("quota", report.Message);
    }

    // Or the next job would find no room either.
    [Fact]
    public async Task Run_SpoolQuotaFull_SlotIsFreeOnceTheLogIsUploaded()
    {
        await using var agent = await TestAgent.StartAsync(options => (options.SpoolQuotaBytes, options.Capacity) = (1 << 20, 1));
        agent.Server.LogFault = _ => Fault.LoseRequest;
        await agent.Server.EndOf(agent.Run(a => a with { LogLimitBytes = 1 << 30 }, "yes"));
        await agent.Server.Until(() => agent.Server.Polls.Any(poll => poll is { Holding.IsEmpty: true, Free: 0 }));

        agent.Server.LogFault = _ => Fault.None;

        await agent.Server.Until(() => agent.Server.Polls.Last() is { Holding.IsEmpty: true, Free: 1 });
    }

    [Fact]
    public async Task Run_NoWorkFolderPossible_IsAgentError()
    {
        await using var agent = await TestAgent.StartAsync();
        var work = Directory.GetDirectories(agent.Work).Single();
        Directory.Delete(work);
        File.WriteAllText(work, "in the way");
        var job = agent.Run("true");

        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.AgentError), (report.Kind, report.Reason));
    }

    [Fact]
    public async Task Run_TwoAtATime_BothRun()
    {
        await using var agent = await TestAgent.StartAsync();
        var (one, two) = (agent.CreateLifeLine(), agent.CreateLifeLine());
        var first = agent.Run($"{one.Hold} sleep 1000");
        Assert.Equal("ready", await one.ReadLineAsync());
        var second = agent.Run($"{two.Hold} sleep 1000");
        Assert.Equal("ready", await two.ReadLineAsync());
        await agent.Server.Until(() => agent.Server.Polls.Any(p => p is { Free: 0, Holding.Length: 2 }));

        agent.Server.Stop(first);
        agent.Server.Stop(second);

        Assert.Equal(ReportKind.Stopped, (await agent.Server.EndOf(first)).Kind);
        Assert.Equal(ReportKind.Stopped, (await agent.Server.EndOf(second)).Kind);
        await agent.Server.Until(() => agent.Server.Polls.Last() is { Free: 2, Holding.Length: 0 });
    }

    [Fact]
    public async Task Run_ManyShortJobsAtOnce_AllSucceedWithTheirOwnLogs()
    {
        await using var agent = await TestAgent.StartAsync(options => options.Capacity = 8);

        var jobs = Enumerable.Range(0, 40).Select(i => agent.Run($"echo number-{i}-")).ToArray();
        var results = await Task.WhenAll(jobs.Select(agent.Server.ResultOf));

        Assert.All(results, (result, i) => Assert.Equal((ReportKind.Succeeded, true), (result.Report.Kind, result.Log.Contains($"number-{i}-\n", StringComparison.Ordinal))));
        await agent.Host.StopAsync(CancellationToken.None);
        Assert.Empty(Directory.GetFileSystemEntries(agent.Work));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(agent.State, "spool")));
    }

    private static System.Collections.Immutable.ImmutableSortedDictionary<string, string> Secrets(string name, string value) =>
        System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add(name, value);
}
