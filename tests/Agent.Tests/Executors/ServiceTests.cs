using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Control.Agent.Processes;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.TestKit.Containers;

namespace Control.Agent.Tests.Executors;

/// <summary>Services beside the containers of jobs, by real containers.</summary>
[NeedsPodman]
public sealed class ServiceTests
{
    private const string Page = "mkdir /tmp/w; echo served > /tmp/w/index.html; echo serving; exec httpd -f -p 80 -h /tmp/w";

    private static ContainerSpec Image => new(BusyboxImage.Name, null, 0, 0, 256, ContainerNetwork.None, ImagePull.Never);

    private static ServiceSpec Web => new("web", Image, [], [], ["sh", "-c"], [Page], new ReadySpec(["wget", "-q", "-O", "-", "http://127.0.0.1/"], 60));

    [ContractFact]
    public async Task Services_AreThereForTheSteps_ByTheirNames()
    {
        await using var agent = await StartAsync();
        var cache = Web with { Name = "cache", Args = ["mkdir /tmp/c; echo \"$SAYS\" > /tmp/c/index.html; until wget -q -O /dev/null http://web/; do :; done; exec httpd -f -p 8080 -h /tmp/c"], Env = [new EnvVar("SAYS", "a \"b\"\n$c=d")], Ready = null };
        var job = Order(agent, [Web, cache], "wget -q -O - http://web/; until wget -q -O - http://cache:8080/; do :; done");

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.True(report.Kind == ReportKind.Succeeded, log + report.Message);
        Assert.Contains("[web] serving\n", log);
        Assert.Contains("\nserved\na \"b\"\n$c=d\n", log);
        Assert.Empty(await TestImage.Podman.ListAsync(Label(agent)));
    }

    [ContractFact]
    public async Task Service_HasFewPrivilegesAndNothingOfTheJob()
    {
        await using var agent = await StartAsync();
        var look = Web with { Args = [$"grep -E 'NoNewPrivs|CapBnd' /proc/self/status; ls /; env; ls /proc | grep -c '^[0-9]'; {Page}"] };
        var job = TestAgent.Job(
            a => a with { Container = Image, Services = [look], Env = [new EnvVar("OF_THE_JOB", "env-of-the-job")], Secrets = [new SecretEnv("TOKEN", "token", "text")] }, "echo $OF_THE_JOB")
            with
        { SecretValues = ImmutableSortedDictionary<string, string>.Empty.Add("TOKEN", "t0ken-value") };
        agent.Server.Order(job);

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.True(report.Kind == ReportKind.Succeeded, log + report.Message);
        Assert.Contains("[web] CapBnd:\t00000000000000cb\n", log);
        Assert.Contains("[web] NoNewPrivs:\t1\n", log);
        Assert.DoesNotContain("[web] control\n", log);
        Assert.DoesNotContain("TOKEN", log);
        Assert.DoesNotContain("[web] OF_THE_JOB", log);
    }

    [ContractFact]
    public async Task Secrets_OfAService_AreItsAloneAndMasked()
    {
        await using var agent = await StartAsync();
        var service = Web with { Args = [$"echo \"has $PASSWORD\"; {Page}"], Secrets = [new SecretEnv("PASSWORD", "db", "password")] };
        var job = TestAgent.Job(a => a with { Container = Image, Services = [service] }, "env; echo from a step: $(printf 's3cret =%s' '#\"1\"')")
            with
        { SecretValues = ImmutableSortedDictionary<string, string>.Empty.Add(Assignment.ServiceVariable("web", "PASSWORD"), "s3cret =#\"1\"") };
        agent.Server.Order(job);

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.True(report.Kind == ReportKind.Succeeded, log + report.Message);
        Assert.Contains("[web] has ***\n", log);
        Assert.Contains("from a step: ***\n", log);
        Assert.DoesNotContain("PASSWORD", log);
    }

    [ContractFact]
    public async Task Secret_OfSeveralLines_IsRefusedForAService()
    {
        await using var agent = await StartAsync();
        var service = Web with { Secrets = [new SecretEnv("KEY", "deploy-key", "text")] };
        var job = TestAgent.Job(a => a with { Container = Image, Services = [service] }, "echo ran")
            with
        { SecretValues = ImmutableSortedDictionary<string, string>.Empty.Add(Assignment.ServiceVariable("web", "KEY"), "line one\nLD_PRELOAD=x") };
        agent.Server.Order(job);

        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.ServiceFailed), (report.Kind, report.Reason));
        Assert.Contains("deploy-key", report.Message);
    }

    [ContractFact]
    public async Task Service_NotReadyInTime_FailsTheJobWithWhatItPrinted()
    {
        await using var agent = await StartAsync();
        var never = Web with { Args = ["echo waiting for a miracle; exec sleep 1000"], Ready = new ReadySpec(["false"], 5) };

        var (report, log) = await agent.Server.ResultOf(Order(agent, [Web, never with { Name = "never" }], "echo ran"));

        Assert.Equal((ReportKind.Failed, Reasons.ServiceFailed), (report.Kind, report.Reason));
        Assert.Equal("The service never was not ready within 5 s. It printed last: waiting for a miracle", report.Message);
        Assert.DoesNotContain("ran\n", log);
    }

    [ContractFact]
    public async Task Service_WhoseCheckHangs_IsNotWaitedForLonger()
    {
        await using var agent = await StartAsync();
        var hangs = Web with { Ready = new ReadySpec(["sleep", "1000"], 1) };

        var report = await agent.Server.EndOf(Order(agent, [hangs], "echo ran"));

        Assert.Equal((ReportKind.Failed, Reasons.ServiceFailed), (report.Kind, report.Reason));
    }

    [ContractFact]
    public async Task Service_ThatEndsBeforeTheSteps_FailsTheJobWithItsCode()
    {
        await using var agent = await StartAsync();
        var ends = Web with { Args = ["echo no disk; exit 7"] };

        var (report, log) = await agent.Server.ResultOf(Order(agent, [ends], "echo ran"));

        Assert.Equal((ReportKind.Failed, Reasons.ServiceFailed), (report.Kind, report.Reason));
        Assert.Equal("The service web ended with 7 before the first step. It printed last: no disk", report.Message);
        Assert.Contains("[web] no disk\n", log);
    }

    [ContractFact]
    public async Task Service_ThatCannotBeStarted_FailsTheJobWithTheReason()
    {
        await using var agent = await StartAsync();
        var missing = Web with { Command = ["no-such-program"], Args = [] };

        var report = await agent.Server.EndOf(Order(agent, [missing], "echo ran"));

        Assert.Equal((ReportKind.Failed, Reasons.ServiceFailed), (report.Kind, report.Reason));
        Assert.Contains("no-such-program", report.Message);
    }

    [ContractFact]
    public async Task Service_ThatEndsMeanwhile_IsToldInTheLog_AndStopLeavesNothing()
    {
        await using var agent = await StartAsync();
        var mark = Mark();
        var stays = Web with { Name = "stays", Args = [$"trap '' TERM; sleep {mark}"], Ready = null };
        var job = Order(agent, [Web with { Args = [$"(sleep 3; exit 3) & {Page[..^"exec httpd -f -p 80 -h /tmp/w".Length]} httpd -p 80 -h /tmp/w; wait $!"] }, stays], $"echo begun; sleep {mark}");
        await agent.Server.Until(() => System.Text.Encoding.UTF8.GetString(agent.Server.Log(job.Assignment.Attempt)).Contains("== the service web ended with", StringComparison.Ordinal));
        Assert.Equal(2, ProcessContract.Sleepers(mark).Count);

        agent.Server.Stop(job);
        var report = await agent.Server.EndOf(job);

        Assert.Equal(ReportKind.Stopped, report.Kind);
        Assert.Empty(ProcessContract.Sleepers(mark));
        Assert.Empty(await TestImage.Podman.ListAsync(Label(agent)));
    }

    [ContractFact]
    public async Task Output_BeyondTheLogsLimit_EndsTheJob()
    {
        await using var agent = await StartAsync();
        var job = TestAgent.Job(a => a with { Container = Image, LogLimitBytes = 100_000, Services = [Web with { Args = ["yes"], Ready = null }] }, "sleep 1000");
        agent.Server.Order(job);

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.LogLimit), (report.Kind, report.Reason));
        Assert.InRange(log.Length, 50_000, 100_000);
    }

    [ContractFact]
    public async Task Kill_OfAgentProcess_EndsServicesThatHideAndTheNextStartRemovesThem()
    {
        await BusyboxImage.EnsureAsync();
        await using var test = await TestAgent.ServerOnlyAsync();
        var mark = Mark();
        var hides = Web with { Args = [$"exec env -i sleep {mark}"], Ready = null };
        using (var process = Process.Start(Program.Path, [Program.AgentVerb, test.Server.Url.ToString(), test.State, test.Work, test.Server.Token]))
        {
            var job = Order(test, [hides], $"echo ready; sleep {mark}");
            await test.Server.Until(() => System.Text.Encoding.UTF8.GetString(test.Server.Log(job.Assignment.Attempt)).Contains("\nready\n", StringComparison.Ordinal));
            var sleepers = ProcessContract.Sleepers(mark).Select(folder => Process.GetProcessById(int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture))).ToArray();
            Assert.Equal(2, sleepers.Length);
            Assert.Equal(0, Libc.Kill(process.Id, Libc.SigKill));
            await Task.WhenAll([process.WaitForExitAsync(), .. sleepers.Select(sleeper => sleeper.WaitForExitAsync())]).WaitAsync(TimeSpan.FromSeconds(30));
        }

        using var second = test.Create();
        await second.StartAsync(CancellationToken.None);
        await second.Joined;

        Assert.Empty(await TestImage.Podman.ListAsync(Label(test)));
        await second.StopAsync(CancellationToken.None);
    }

    private static async Task<TestAgent> StartAsync()
    {
        await BusyboxImage.EnsureAsync();
        return await TestAgent.StartAsync();
    }

    private static AssignmentMessage Order(TestAgent agent, ImmutableArray<ServiceSpec> services, string script) =>
        agent.Run(assignment => assignment with { Container = Image, Services = services }, script);

    private static string Mark() => Random.Shared.Next(1_000_000, 9_000_000).ToString(CultureInfo.InvariantCulture);

    private static string Label(TestAgent agent) => ContainerExecutorTests.Label(agent);
}
