using Control.Agent.Executors.Containers;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Agent.Tests.Executors;

/// <summary>The same containers by docker.</summary>
[NeedsDocker]
public sealed class DockerExecutorTests : ContainerExecutorTests, IClassFixture<DockerDaemon>
{
    private protected override ContainerEngine Engine => DockerDaemon.Engine;

    [ContractFact]
    public async Task Root_WithoutUserNamespacesOfItsOwn_IsRefusedWithTheCure()
    {
        await using var agent = await StartAsync();
        var job = TestAgent.Job(a => Place(a) is { Container: { } container } placed ? placed with { Container = container with { User = ContainerUser.Root } } : a, "echo ran");
        agent.Server.Order(job);

        var report = await agent.Server.EndOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.AgentError), (report.Kind, report.Reason));
        Assert.Contains("podman", report.Message);
    }

    [ContractFact]
    public async Task Service_IsThereForTheStepsAndGoneWithThem()
    {
        await using var agent = await StartAsync();
        var web = new ServiceSpec(
            "web", Image, [new EnvVar("SAYS", "page")], [], ["sh", "-c"], ["mkdir /tmp/w; echo $SAYS > /tmp/w/index.html; echo serving; exec httpd -f -p 80 -h /tmp/w"], new ReadySpec(["wget", "-q", "-O", "-", "http://web/"], 60));
        var job = TestAgent.Job(a => Place(a) with { Services = [web] }, "wget -q -O - http://web/");
        agent.Server.Order(job);

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.True(report.Kind == ReportKind.Succeeded, log + report.Message);
        Assert.Contains("[web] serving\n", log);
        Assert.Contains("\npage\n", log);
        Assert.Empty(await Engine.ListAsync(Label(agent)));
    }
}
