using System.Globalization;
using Control.Agent.Processes;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.TestKit.Containers;

namespace Control.Agent.Tests.Executors;

/// <summary>Steps that are root in a container, by podman; docker has no safe way.</summary>
[NeedsPodman]
public sealed class ContainerRootTests
{
    private static ContainerSpec Root => new(BusyboxImage.Name, null, 0, 0, 256, ContainerNetwork.None, ImagePull.Never, ContainerUser.Root);

    [ContractFact]
    public async Task Root_IsRootInsideAlone()
    {
        await using var agent = await StartAsync();
        var job = Run(
            agent,
            $"id -u; grep -E 'NoNewPrivs|CapEff' /proc/self/status; cat /proc/self/uid_map; mkdir /opt && echo installed > /opt/x && chown 70:70 /opt/x && stat -c %u /opt/x",
            $"! touch /control/scripts/x; ! mknod /dev/sda b 8 0; ! mount -t tmpfs none /tmp; ! ls {agent.State}; ! hostname mine; ! kill -9 1 2>/dev/null || echo pointless; ls /opt; echo still here");

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.True(report.Kind == ReportKind.Succeeded, log + report.Message);
        Assert.Contains("\n0\nCapEff:\t00000000800400fb\nNoNewPrivs:\t1\n", log);
        Assert.Contains("\n70\n", log);
        Assert.Contains("still here\n", log);
        var map = log.Split('\n').Single(line => line.EndsWith(" 65536", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("0", map[0]);
        Assert.InRange(uint.Parse(map[1], CultureInfo.InvariantCulture), 0x7000_0000u, 0x7FFD_FFFFu);
    }

    [ContractFact]
    public async Task Root_FilesOfAllItsUsers_AreReadAndRemoved()
    {
        await using var agent = await StartAsync();
        var job = TestAgent.Job(a => a with { Container = Root, Outputs = ["WHO"] }, "echo WHO=root >> \"$CONTROL_OUTPUT\"; mkdir d; touch d/f; chown -R 70:70 d; chmod 700 d; ls -ln .; stat -c %u . \"$HOME\" \"$CONTROL_OUTPUT\"");
        agent.Server.Order(job);

        var (report, log) = await agent.Server.ResultOf(job);
        await agent.Host.StopAsync(CancellationToken.None);

        Assert.True(report.Kind == ReportKind.Succeeded, log + report.Message);
        Assert.Equal("root", report.Outputs["WHO"]);
        Assert.Contains("\n0\n0\n0\n", log);
        Assert.Empty(Directory.GetFileSystemEntries(agent.Work));
    }

    [ContractFact]
    public async Task Root_OfTwoJobs_AreTwo_AndNeitherReadsTheOthersFiles()
    {
        await using var agent = await StartAsync();
        var life = Run(agent, "echo mine > file; chmod 600 file; cat /proc/self/uid_map; echo begun; sleep 1000");
        await LineOf(agent, life, "begun");
        var file = Directory.GetFiles(agent.Work, "file", SearchOption.AllDirectories).Single();
        var owner = Libc.OwnerOf(file);
        var other = Run(agent, $"cat /proc/self/uid_map; ! cat {file}; ls /proc | grep -c '^[0-9]'");

        var (report, log) = await agent.Server.ResultOf(other);
        agent.Server.Stop(life);
        await agent.Server.EndOf(life);

        Assert.True(report.Kind == ReportKind.Succeeded, log + report.Message);
        Assert.InRange(owner!.Value, 0x7000_0000u, 0x7FFD_FFFFu);
        Assert.DoesNotContain($" {owner} ", log);
    }

    [ContractFact]
    public async Task Root_Stopped_LeavesNothingOfAnyOfItsUsers()
    {
        await using var agent = await StartAsync();
        var mark = Random.Shared.Next(1_000_000, 9_000_000).ToString(CultureInfo.InvariantCulture);
        var job = Run(agent, $"echo root:x:0:0::/:/bin/sh > /etc/passwd; echo other:x:70:70::/tmp:/bin/sh >> /etc/passwd; su other -c 'trap \"\" TERM; sleep {mark} & sleep {mark} & echo all; wait'");
        await LineOf(agent, job, "all");
        Assert.Equal(2, ProcessContract.Sleepers(mark).Count);

        agent.Server.Stop(job);
        var report = await agent.Server.EndOf(job);

        Assert.Equal(ReportKind.Stopped, report.Kind);
        Assert.Empty(ProcessContract.Sleepers(mark));
        Assert.Empty(await TestImage.Podman.ListAsync(ContainerExecutorTests.Label(agent)));
    }

    private static async Task<TestAgent> StartAsync()
    {
        await BusyboxImage.EnsureAsync();
        return await TestAgent.StartAsync();
    }

    private static AssignmentMessage Run(TestAgent agent, params string[] scripts) => agent.Run(a => a with { Container = Root }, scripts);

    private static Task LineOf(TestAgent agent, AssignmentMessage job, string line) =>
        agent.Server.Until(() => System.Text.Encoding.UTF8.GetString(agent.Server.Log(job.Assignment.Attempt)).Split('\n').Contains(line));
}
