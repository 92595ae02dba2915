using System.Diagnostics;
using System.Globalization;
using Control.Agent.Executors.Containers;
using Control.Agent.Processes;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.TestKit.Containers;

namespace Control.Agent.Tests.Executors;

/// <summary>Real containers, of an image that is made here out of one static program, by podman unless a class says otherwise.</summary>
[NeedsPodman]
public class ContainerExecutorTests : ProcessContract
{
    private protected virtual ContainerEngine Engine => TestImage.Podman;

    private protected override async Task<TestAgent> StartAsync()
    {
        await BusyboxImage.EnsureAsync();
        return await TestAgent.StartAsync(Configure);
    }

    private void Configure(AgentOptions options) => options.ContainerEngine = Path.GetFileName(Engine.Program);

    private protected override Assignment Place(Assignment assignment) => assignment with { Container = Container };

    internal static ContainerSpec Image => Container;

    private static ContainerSpec Container => new(BusyboxImage.Name, null, 0, 0, 256, ContainerNetwork.None, ImagePull.Never);

    [ContractFact]
    public async Task Job_HasNoPrivilegesAndSeesNothingOfTheMachine()
    {
        await using var agent = await StartAsync();
        var job = Run(agent, $"id -u; grep -E 'NoNewPrivs|CapEff|CapBnd' /proc/self/status; ls /; ! cat {agent.State}/credential.json; ! ls {agent.Work}; ! touch /control/scripts/x; ! touch /x; ls /proc | grep -c '^[0-9]'");

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.True(report.Kind == ReportKind.Succeeded, log + report.Message);
        var lines = log.Split('\n');
        Assert.NotEqual("0", lines[1]);
        Assert.Contains("CapEff:\t0000000000000000", lines);
        Assert.Contains("CapBnd:\t0000000000000000", lines);
        Assert.Contains("NoNewPrivs:\t1", lines);
        // Podman makes a /run, docker does not.
        Assert.Equal(["bin", "control", "dev", "etc", "proc", "sys", "tmp"], lines.SkipWhile(line => line != "bin").TakeWhile(line => line.All(char.IsAsciiLetter)).Where(line => line != "run"));
        Assert.InRange(int.Parse(lines.Last(line => line.All(char.IsAsciiDigit) && line.Length > 0), CultureInfo.InvariantCulture), 1, 10);
        Assert.DoesNotContain("agentSecret", log, StringComparison.OrdinalIgnoreCase);
    }

    [ContractFact]
    public async Task Secret_AsAFile_CannotBeChanged()
    {
        await using var agent = await StartAsync();
        var job = TestAgent.Job(a => Place(a) with { Secrets = [new SecretEnv("KEY", "deploy", "text", File: true)] }, "! chmod 600 \"$KEY\"; ! rm -f \"$KEY\"; cat \"$KEY\"")
            with
        { SecretValues = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("KEY", "c0ntent") };
        agent.Server.Order(job);

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.True(report.Kind == ReportKind.Succeeded, log + report.Message);
        Assert.Contains("Read-only file system", log);
        Assert.Contains("***\n", log);
    }

    [ContractFact]
    public async Task Network_IsWhatWasAskedFor()
    {
        await using var agent = await StartAsync();

        async Task<string[]> AnswerAsync(ContainerNetwork network, string question)
        {
            var job = TestAgent.Job(a => Place(a) with { Container = Container with { Network = network } }, question);
            agent.Server.Order(job);
            var (report, log) = await agent.Server.ResultOf(job);
            Assert.True(report.Kind == ReportKind.Succeeded, log + report.Message);
            return [.. log.Split('\n').Where(line => line.Length > 0 && !line.StartsWith("==", StringComparison.Ordinal))];
        }

        Assert.Equal(["lo"], await AnswerAsync(ContainerNetwork.None, "ls /sys/class/net"));
        Assert.Equal(["eth0", "lo"], await AnswerAsync(ContainerNetwork.Own, "ls /sys/class/net"));
        Assert.Equal([File.ResolveLinkTarget("/proc/self/ns/net", false)!.Name], await AnswerAsync(ContainerNetwork.Host, "readlink /proc/self/ns/net"));
    }

    [ContractFact]
    public async Task Limits_OfProcesses_Hold()
    {
        await using var agent = await StartAsync();
        var job = TestAgent.Job(a => Place(a) with { Container = Container with { Pids = 16 } }, "i=0; while [ $i -lt 40 ]; do sleep 100 & i=$((i+1)); done; echo all forty");
        agent.Server.Order(job);

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal(ReportKind.Failed, report.Kind);
        Assert.DoesNotContain("all forty\n", log);
    }

    [ContractFact]
    public async Task Limits_OfMemory_Hold()
    {
        await using var agent = await StartAsync();
        var job = TestAgent.Job(a => Place(a) with { Container = Container with { MemoryBytes = 32 << 20 } }, "dd if=/dev/zero of=/dev/null bs=200M count=1; echo had it all");
        agent.Server.Order(job);

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.OutOfMemory), (report.Kind, report.Reason));
        Assert.Contains("its 32 MiB of memory", report.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("had it all\n", log);
    }

    [ContractFact]
    public async Task Image_NotThere_IsTheAgentsErrorWithTheCure()
    {
        await using var agent = await StartAsync();
        var job = TestAgent.Job(a => Place(a) with { Container = Container with { Image = "localhost/control-none:1" } }, "echo ran");
        agent.Server.Order(job);

        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.AgentError), (report.Kind, report.Reason));
        Assert.Contains("pull", report.Message);
    }

    [ContractFact]
    public async Task Pull_FromARegistryWithCredentials_WorksAndKeepsThemToItself()
    {
        await BusyboxImage.EnsureAsync();
        await using var registry = await Registry.StartAsync(Engine, "robot", "registry-password");
        await using var agent = await StartAsync();
        var secrets = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty;

        async Task<(AttemptReport, string)> RunAsync(string password)
        {
            var job = TestAgent.Job(a => Place(a) with { Container = Container with { Image = registry.Image, Credentials = "registry", Pull = ImagePull.Always } }, "env; echo ran; ls /control; cat /control/scripts/*")
                with
            { SecretValues = secrets.Add(Assignment.RegistryUser, "robot").Add(Assignment.RegistryPassword, password) };
            agent.Server.Order(job);
            return await agent.Server.ResultOf(job);
        }

        var (refused, _) = await RunAsync("wrong-password");
        Assert.Equal((ReportKind.Failed, Reasons.AgentError), (refused.Kind, refused.Reason));
        Assert.Contains("credentials", refused.Message);

        var (report, log) = await RunAsync("registry-password");
        Assert.True(report.Kind == ReportKind.Succeeded, log + report.Message);
        Assert.Contains("ran\n", log);
        Assert.DoesNotContain("REGISTRY", log);
        Assert.DoesNotContain("***", log);
    }

    [ContractFact]
    public async Task AgentWithoutUsers_RefusesWithTheCure()
    {
        await using var agent = await TestAgent.StartAsync(options =>
        {
            Configure(options);
            options.JobUsers = null;
        });
        var job = Run(agent, "echo ran");

        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.AgentError), (report.Kind, report.Reason));
        Assert.Contains("root", report.Message);
    }

    [ContractFact]
    public async Task End_Always_LeavesNoContainer()
    {
        await using var agent = await StartAsync();
        var label = Label(agent);
        var job = Run(agent, "echo ready; sleep 1000");
        await LineOf(agent, job, "ready");
        Assert.Single(await Engine.ListAsync(label));

        agent.Server.Stop(job);
        await agent.Server.EndOf(job);

        Assert.Empty(await Engine.ListAsync(label));
    }

    [ContractFact]
    public async Task Kill_OfAgentProcess_EndsTheContainerAndTheNextStartRemovesIt()
    {
        await BusyboxImage.EnsureAsync();
        await using var test = await TestAgent.ServerOnlyAsync();
        var mark = Random.Shared.Next(1_000_000, 9_000_000).ToString(CultureInfo.InvariantCulture);
        using (var process = Process.Start(Program.Path, [Program.AgentVerb, test.Server.Url.ToString(), test.State, test.Work, test.Server.Token, Path.GetFileName(Engine.Program)]))
        {
            var job = Run(test, $"echo ready; sleep {mark}");
            await LineOf(test, job, "ready");
            Assert.Equal(0, Libc.Kill(process.Id, Libc.SigKill));
            await process.WaitForExitAsync();
        }

        using var second = test.Create(Configure);
        await second.StartAsync(CancellationToken.None);
        await second.Joined;

        Assert.Empty(Sleepers(mark));
        Assert.Empty(await Engine.ListAsync(Label(test)));
        await second.StopAsync(CancellationToken.None);
    }

    internal static string Label(TestAgent agent)
    {
        using var credential = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(agent.State, "credential.json")));
        return $"label=control.installation={credential.RootElement.GetProperty("installation").GetString()}";
    }
}
