using System.Diagnostics;
using Control.Agent.Executors;
using Control.Agent.Jobs;
using Control.Agent.Limits;
using Control.Agent.Processes;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Agent.Tests;

/// <summary>Limits of jobs that run on the agent's machine.</summary>
public sealed class LimitTests
{
    private static readonly ResourceSpec All = new(1500, 64L << 20, 20);

    [AsRootFact]
    public async Task Run_MoreProcessesThanAllowed_TheSystemRefusesThem()
    {
        await using var agent = await TestAgent.StartAsync();
        var job = agent.Run(
            assignment => assignment with { Resources = new ResourceSpec(0, 0, 20) }, "for i in $(seq 1 15); do sleep 1000 & done; echo so many", "for i in $(seq 1 60); do sleep 1000 & done");

        var (report, log) = await agent.Server.ResultOf(job);

        Assert.Equal((ReportKind.Failed, Reasons.StepFailed), (report.Kind, report.Reason));
        Assert.StartsWith("== limited to 20 processes\n", log);
        Assert.Contains("so many", log);
        Assert.Contains("fork", log);
        Assert.InRange(report.Cleanup!.Found, 15, 20);
    }

    [AsRootFact]
    public async Task Run_BesideOneThatUsedUpItsProcesses_HasItsOwn()
    {
        await using var agent = await TestAgent.StartAsync();
        var life = agent.CreateLifeLine();
        var full = agent.Run(assignment => assignment with { Resources = new ResourceSpec(0, 0, 16) }, $"{life.Hold} for i in $(seq 1 12); do sleep 1000 & done; echo full >&9; wait");
        Assert.Equal("ready", await life.ReadLineAsync());
        Assert.Equal("full", await life.ReadLineAsync());

        var other = agent.Run(assignment => assignment with { Resources = new ResourceSpec(0, 0, 16) }, "for i in $(seq 1 12); do sleep 1000 & done; echo as many");
        var (report, log) = await agent.Server.ResultOf(other);

        Assert.True(report.Kind == ReportKind.Succeeded, log);
        agent.Server.Stop(full);
        await life.EndAsync();
    }

    [Theory]
    [InlineData("/usr/bin/prlimit", true, "limited to 20 processes; not limited to 64 MiB of memory, 1.5 processors: this agent has no control groups (cgroup v2) for it")]
    [InlineData("/usr/bin/prlimit", false, "not limited to 20 processes, 64 MiB of memory, 1.5 processors: this agent has no control groups (cgroup v2) for it")]
    [InlineData(null, true, "not limited to 20 processes, 64 MiB of memory, 1.5 processors: this agent has no control groups (cgroup v2) for it")]
    public void Of_WithoutGroups_SaysWhatIsNotEnforced(string? prlimit, bool hasUser, string expected)
    {
        var limits = JobLimits.Of(All, null, prlimit, hasUser, 1)!;

        Assert.Equal(expected, limits.Report);
        Assert.Equal(prlimit is not null && hasUser ? ["/usr/bin/prlimit", "--nproc=20:20", "--"] : [], limits.Prefix);
        Assert.Null(limits.Group);
    }

    [Fact]
    public void Of_NothingAskedFor_IsNothing() => Assert.Null(JobLimits.Of(null, null, "/usr/bin/prlimit", true, 1));

    [Fact]
    public void Create_Group_WritesTheLimitsOfItsControllers()
    {
        var folder = Directory.CreateTempSubdirectory("control-groups-");
        var path = Path.Combine(folder.FullName, "1");
        Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(path, "memory.swap.max"), "max");

        Cgroup.Create(path, All, new HashSet<string> { "cpu", "memory" });

        Assert.Equal("67108864", File.ReadAllText(Path.Combine(path, "memory.max")));
        Assert.Equal("0", File.ReadAllText(Path.Combine(path, "memory.swap.max")));
        Assert.Equal("150000 100000", File.ReadAllText(Path.Combine(path, "cpu.max")));
        Assert.False(File.Exists(Path.Combine(path, "pids.max")));
        folder.Delete(recursive: true);
    }

    [GroupFact]
    public async Task Group_OfTheKernel_HoldsWhatIsStartedInItAndKillsItAtOnce()
    {
        var groups = Cgroups.TryOpen(await File.ReadAllTextAsync("/proc/self/mounts"), $"test-{Guid.NewGuid():n}")!;
        var group = groups.Create(1, new ResourceSpec(0, 0, 0));
        using var process = Process.Start(new ProcessStartInfo("sh", ["-c", "read go; setsid sh -c 'trap \"\" TERM; echo away; sleep 1000' & wait"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        group.Add(process.Id);
        await process.StandardInput.WriteAsync("go\n");
        await process.StandardInput.FlushAsync();
        Assert.Equal("away", await process.StandardOutput.ReadLineAsync());

        Assert.True(group.Processes().Count() >= 2);
        await Extinction.OfAsync(() => new Sighting([.. group.Processes().Where(ProcessTable.IsAlive)], [], true), TimeSpan.Zero, group.Kill);

        await process.WaitForExitAsync();
        Assert.DoesNotContain(group.Processes(), ProcessTable.IsAlive);
        Assert.True(group.TryRemove());
        groups.Leave();
    }

    [Theory]
    [InlineData("low 0\nhigh 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 0\n", 3)]
    [InlineData("", 0)]
    public void OomKills_OfMemoryEvents_AreTheirs(string events, long expected) => Assert.Equal(expected, Cgroup.OomKills(events));

    [Fact]
    public void Files_OfEitherVersion_AreBelowTheirMounts()
    {
        const string mounts = "cgroup /c/cpu cgroup rw,cpu 0 0\ncgroup /c/memory cgroup rw,relatime,memory 0 0\ncgroup2 /c/unified cgroup2 rw 0 0\n";

        Assert.Equal(["/c/memory/box/a/memory.oom_control", "/c/unified/memory.events"], MemoryKills.Files("8:pids:/\n4:memory:/box/a\n0::/\n", mounts));
        Assert.Equal(["/c/unified/box/memory.events"], MemoryKills.Files("0::/box\n", mounts));
        Assert.Empty(MemoryKills.Files("", mounts));
    }

    [Fact]
    public void Explain_StepFailedForWantOfMemory_SaysSo()
    {
        var failed = JobResult.Failure(Reasons.StepFailed, "The step 1 ended with exit code 137.", 137);

        var explained = OutOfMemory.Explain(failed, 1, 64L << 20);

        Assert.Equal((Reasons.OutOfMemory, 137), (explained.Reason, explained.ExitCode));
        Assert.Equal("The job used up its 64 MiB of memory, and the system killed 1 of its processes. Use less, or raise 'memory'. The step 1 ended with exit code 137.", explained.Message);
        Assert.Same(failed, OutOfMemory.Explain(failed, 0, 64L << 20));
        Assert.Same(JobResult.Success, OutOfMemory.Explain(JobResult.Success, 1, 64L << 20));
    }

    /// <summary>Skipped where no control groups can be made, as in most containers.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    private sealed class GroupFactAttribute : FactAttribute
    {
        public GroupFactAttribute()
        {
            var groups = OperatingSystem.IsLinux() ? Cgroups.TryOpen(File.ReadAllText("/proc/self/mounts"), "test-probe") : null;
            groups?.Leave();
            Skip = groups is null ? "Control groups (cgroup v2) cannot be made here." : null;
        }
    }
}
