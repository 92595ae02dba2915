using System.Globalization;
using System.Text;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Agent.Tests.Executors;

/// <summary>What executors have to do besides that run real processes by shell scripts.</summary>
public abstract class ProcessContract : ExecutorContract
{
    private protected override StepSpec Step(Act act)
    {
        List<string> lines = [];
        if (act.Lines > 0)
        {
            lines.Add($"i=1; while [ $i -le {act.Lines} ]; do echo line $i; i=$((i+1)); done");
        }

        lines.AddRange(act.Prints.Select(name => $"printf '%s\\n' \"${name}\""));
        lines.Add(act.Output is null ? ":" : $"echo '{act.Output}' >> \"$CONTROL_OUTPUT\"");
        lines.Add(act.Hangs ? "sleep 1000" : $"exit {act.Exit}");
        return new StepSpec("act", string.Join('\n', lines), "sh", "", [], 0);
    }

    private protected AssignmentMessage Run(TestAgent agent, params string[] scripts)
    {
        var message = TestAgent.Job(Place, scripts);
        agent.Server.Order(message);
        return message;
    }

    [ContractFact]
    public async Task Output_OfBothKindsAndBinary_ArrivesAsWritten()
    {
        await using var agent = await StartAsync();
        var job = Run(agent, "echo one; echo two >&2; echo three; printf '\\377\\376\\000\\001x' >&2; printf 'end'; exit 3");

        var (report, _) = await agent.Server.ResultOf(job);

        Assert.Equal(3, report.ExitCode);
        Assert.Contains("one\ntwo\nthree\n\u00ff\u00fe\0\u0001xend\n== step 1 ended with 3", Encoding.Latin1.GetString(agent.Server.Log(report.Attempt)));
    }

    [ContractFact]
    public async Task Input_IsEmpty()
    {
        await using var agent = await StartAsync();

        var (_, log) = await agent.Server.ResultOf(Run(agent, "read -r x || echo no-input"));

        Assert.Contains("no-input\n", log);
    }

    [ContractFact]
    public async Task WorkFolder_IsSharedBySteps_EmptyAtFirst_AndGoneAfterwards()
    {
        await using var agent = await StartAsync();
        var job = Run(agent, "test \"$(pwd)\" = \"$CONTROL_WORK\"; ls -A; mkdir sub; echo kept > sub/file; touch \"$HOME/h\" \"$TMPDIR/t\"", "cat sub/file", "cd sub; ls; rm file");
        var inside = Run(agent, "mkdir -p a/b");

        var (report, log) = await agent.Server.ResultOf(job);
        await agent.Server.EndOf(inside);
        await agent.Host.StopAsync(CancellationToken.None);

        Assert.True(report.Kind == ReportKind.Succeeded, log);
        Assert.StartsWith("== step 1: s1\n== step 1 ended", log);
        Assert.Contains("kept\n", log);
        Assert.Empty(Directory.GetFileSystemEntries(agent.Work));
    }

    [ContractFact]
    public async Task Secret_AsAFile_IsReadByTheJobOnly_MaskedAndGoneWhenItIsReported()
    {
        await using var agent = await StartAsync();
        const string value = "-----BEGIN KEY-----\nc0ntent-of-the-key\n-----END KEY-----\n";
        var job = TestAgent.Job(
            a => Place(a) with { Secrets = [new SecretEnv("KEY", "deploy", "text", File: true), new SecretEnv("TOKEN", "token", "text")] },
            "case \"$KEY\" in \"$CONTROL_WORK\"/*) exit 7;; esac; ls -l \"$KEY\" | cut -c1-10; cat \"$KEY\"; echo; wc -c < \"$KEY\"",
            "test -r \"$KEY\" && echo still here; echo \"at $KEY, $TOKEN\"")
            with
        { SecretValues = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("KEY", value).Add("TOKEN", "t0ken-value") };
        agent.Server.Order(job);

        var report = await agent.Server.EndOf(job);
        Assert.Empty(Directory.GetDirectories(agent.Work, "secrets", SearchOption.AllDirectories));
        var (_, log) = await agent.Server.ResultOf(job);

        Assert.True(report.Kind == ReportKind.Succeeded, log + report.Message);
        Assert.StartsWith($"== step 1: s1\n-r--------\n***\n{value.Length}\n== step 1 ended", log);
        Assert.Matches("still here\nat /[^ ]*/secrets/KEY, \\*\\*\\*\n", log);
        Assert.DoesNotContain("c0ntent", log);
    }

    [ContractFact]
    public async Task Crash_LeavesNoCoreFile_AndNoLimitToRaise()
    {
        await using var agent = await StartAsync();

        var (report, log) = await agent.Server.ResultOf(Run(agent, "ulimit -S -c; ulimit -H -c; (sh -c 'kill -SEGV $$') || echo crashed; ls -A"));

        Assert.True(report.Kind == ReportKind.Succeeded, log);
        Assert.StartsWith("== step 1: s1\n0\n0\n", log);
        Assert.Contains("crashed\n== step 1 ended", log);
        Assert.DoesNotContain("core", log);
    }

    [ContractFact]
    public async Task Directory_NotInside_Fails()
    {
        await using var agent = await StartAsync();
        foreach (var directory in (string[])["..", "/etc", "missing"])
        {
            var job = TestAgent.Job(a => Place(a with { Steps = [new StepSpec("s", "pwd", "sh", directory, [], 0)] }));
            agent.Server.Order(job);

            Assert.Equal(Reasons.StepFailed, (await agent.Server.EndOf(job)).Reason);
        }
    }

    [ContractFact]
    public async Task Directory_Inside_IsWhereTheStepRuns()
    {
        await using var agent = await StartAsync();
        var job = TestAgent.Job(a => Place(a with { Steps = [a.Steps[0], new StepSpec("s", "pwd; echo $CONTROL_WORK/sub", "sh", "sub", [], 0)] }), "mkdir sub");
        agent.Server.Order(job);

        var (_, log) = await agent.Server.ResultOf(job);

        var lines = log.Split('\n');
        Assert.Single(lines.Where(line => line.EndsWith("/sub", StringComparison.Ordinal)).Distinct());
    }

    [ContractFact]
    public Task Success_WhateverItStarted_IsGoneWhenItIsReported() => GoneAsync(isStopped: false);

    [ContractFact]
    public Task Stop_WhateverItStarted_IsGoneWhenItIsReported() => GoneAsync(isStopped: true);

    private async Task GoneAsync(bool isStopped)
    {
        await using var agent = await StartAsync();
        var mark = Random.Shared.Next(1_000_000, 9_000_000).ToString(CultureInfo.InvariantCulture);
        var job = Run(agent, $"sleep {mark} & (trap '' TERM HUP; sleep {mark} & sleep {mark}) & (setsid sleep {mark} &) ; echo all; {(isStopped ? "wait" : "true")}");
        await LineOf(agent, job, "all");

        if (isStopped)
        {
            Assert.NotEmpty(Sleepers(mark));
            agent.Server.Stop(job);
        }

        var report = await agent.Server.EndOf(job);

        Assert.Equal(isStopped ? ReportKind.Stopped : ReportKind.Succeeded, report.Kind);
        Assert.Empty(Sleepers(mark));
    }

    // Processes of containers are processes of the machine.
    internal static IReadOnlyList<string> Sleepers(string mark) =>
        [.. Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(folder[^1]) && Arguments(folder) == $"sleep\0{mark}\0")];

    private static string Arguments(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
