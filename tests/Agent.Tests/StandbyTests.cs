using System.Diagnostics;
using System.Text;
using Control.Agent.Processes;
using Control.Agent.Standby;
using Control.Agent.Users;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.TestKit;

namespace Control.Agent.Tests;

/// <summary>Shells that wait for jobs: a command that one becomes is like any other.</summary>
public class StandbyTests
{
    private static readonly Programs Found = Programs.Find();

    [Fact]
    public async Task Run_ByAWaitingShell_HasTheSameEnvironmentFolderAndFilesAsAnyOther()
    {
        await using var agent = await TestAgent.StartAsync();
        const string script = "env -0 | sort -z | tr '\\n' '~' | tr '\\0' '\\n'; pwd; ulimit -c; readlink /proc/self/fd/0; echo to stderr >&2; echo to /dev/stdout >/dev/stdout; test ! /proc/self/fd/1 -ef /proc/self/fd/0";
        EnvVar[] env = [new("A", "it's \"$HOME\" `id` $(id) \\ ü\n}; echo no"), new("B", ""), new("PWD", "/elsewhere"), new("PATH", "/bin:/usr/bin:/x y")];

        var (report, log) = await agent.Server.ResultOf(agent.Run(a => a with { Env = [.. env] }, script, script));

        Assert.True(report.Kind == ReportKind.Succeeded, log);
        var steps = Steps(log);
        Assert.Contains("A=it's \"$HOME\" `id` $(id) \\ ü~}; echo no", steps[0]);
        Assert.Equal(steps[1].Order(), steps[0].Order());
    }

    [Theory]
    [InlineData("UID")]
    [InlineData("RANDOM")]
    [InlineData("BASH_ENV")]
    [InlineData("LC_ALL")]
    public async Task Run_VariableThatShellsTreatSpecially_ArrivesAllTheSame(string name)
    {
        await using var agent = await TestAgent.StartAsync();

        var (report, log) = await agent.Server.ResultOf(agent.Run(a => a with { Env = [new(name, "xyz")] }, $"tr '\\0' '\\n' </proc/$$/environ | grep ^{name}="));

        Assert.True(report.Kind == ReportKind.Succeeded, log);
        Assert.Contains($"{name}=xyz\n", log);
    }

    [Fact]
    public void Order_OfNamesThatShellsTreatSpecially_IsNone()
    {
        foreach (var name in (string[])["IFS", "PPID", "UID", "OPTIND", "_", "BASH_ENV", "LC_ALL"])
        {
            Assert.Null(WaitingShell.OrderOf(Command("/bin/true", (name, "x")), "mark"));
        }

        Assert.NotNull(WaitingShell.OrderOf(Command("/bin/true", ("A", "x")), "mark"));
        Assert.Null(WaitingShell.OrderOf(Command("/bin/true", ("A", new string('x', 100_000))), "mark"));
        Assert.Null(WaitingShell.OrderOf(Command("/bin/true") with { IsAgents = true }, "mark"));
    }

    // An agent that dies may have written any part of it.
    [Fact]
    public async Task Order_CutAnywhere_RunsNothing()
    {
        var folder = Directory.CreateTempSubdirectory("control-standby-");
        var ran = Path.Combine(folder.FullName, "ran");
        var order = WaitingShell.OrderOf(Command(Found.Sh, ("A", "1")) with { Arguments = ["-c", $"echo >'{ran}'"] }, "mark")!;

        for (var length = 0; length < order.Length - 1; length++)
        {
            await ReadAsync(order[..length]);
            Assert.False(File.Exists(ran), $"The first {length} of {order.Length} bytes ran: {Encoding.UTF8.GetString(order[..length])}");
        }

        await ReadAsync(order);
        Assert.True(File.Exists(ran));
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Take_WaitingShellThatWasKilled_GivesThePlaceWithout()
    {
        var (reaper, folder) = Reap();
        await using var places = new StandbyPlaces(Found, reaper, null, "0123456789abcdef/boot/", 1, TimeProvider.System);
        places.Prepare();
        var first = await places.TakeAsync();
        places.Prepare();
        var second = await places.TakeAsync();

        Assert.NotEqual(first.Shell!.Process.Id, second.Shell!.Process.Id);
        Assert.Null((await places.TakeAsync()).Shell);
        await first.Shell.DisposeAsync();
        await second.Shell.DisposeAsync();
        places.Prepare();
        Kill(await ChildAsync(places));
        Assert.Null((await places.TakeAsync()).Shell);
        reaper.Dispose();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task PrepareLater_PlaceIsAskedFor_IsMadeAtOnce()
    {
        var (reaper, folder) = Reap();
        await using var places = new StandbyPlaces(Found, reaper, null, "0123456789abcdef/boot/", 1, new ManualClock());
        places.PrepareLater();
        var later = places.PeekAsync();

        Assert.False(later.IsCompleted);
        var place = await places.TakeAsync();

        Assert.NotNull(place.Shell);
        Assert.Equal(place, await later);
        await place.Shell.DisposeAsync();
        reaper.Dispose();
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task PrepareLater_NobodyAsks_IsMadeAfterThePause()
    {
        var (reaper, folder) = Reap();
        var clock = new ManualClock();
        await using var places = new StandbyPlaces(Found, reaper, null, "0123456789abcdef/boot/", 1, clock);
        places.PrepareLater();
        var later = places.PeekAsync();
        Assert.False(later.IsCompleted);
        clock.Advance(TimeSpan.FromMilliseconds(50));

        Assert.NotNull((await later)!.Shell);
        reaper.Dispose();
        folder.Delete(recursive: true);
    }

    [AsRootFact]
    public async Task Take_NoUserToSpare_NeverKeepsOneWaiting()
    {
        var (reaper, folder) = Reap();
        var locks = folder.CreateSubdirectory("locks").FullName;
        var users = new JobUsers(new UserRange(1_900_000, 1_900_000), locks, "");
        await using var places = new StandbyPlaces(Found, reaper, users, "0123456789abcdef/boot/", 1, TimeProvider.System);

        places.Prepare();

        using var free = JobUsers.TryHold(locks, 1_900_000);
        Assert.NotNull(free);
        reaper.Dispose();
        folder.Delete(recursive: true);
    }

    [AsRootFact]
    public async Task Dispose_WaitingShell_IsGoneAndItsUserFree()
    {
        var (reaper, folder) = Reap();
        var locks = folder.CreateSubdirectory("locks").FullName;
        var users = new JobUsers(new UserRange(1_900_001, 1_900_002), locks, "");
        var places = new StandbyPlaces(Found, reaper, users, "0123456789abcdef/boot/", 1, TimeProvider.System);
        places.Prepare();
        var shell = (await ChildAsync(places)).Id;

        await places.DisposeAsync();
        places.Prepare();

        Assert.False(ProcessTable.IsAlive(shell));
        Assert.All((uint[])[1_900_001, 1_900_002], id => JobUsers.TryHold(locks, id)!.Dispose());
        Assert.Empty(ProcessTable.Find([], null, [1_900_001, 1_900_002]).Found);
        reaper.Dispose();
        folder.Delete(recursive: true);
    }

    private static string[][] Steps(string log) => [.. log
        .Split("== step ")
        .Where(part => part.Contains(": s", StringComparison.Ordinal))
        .Select(part => part.Split('\n')[1..])];

    private static JobCommand Command(string program, params (string Name, string Value)[] env) =>
        new(program, [], "/", env.ToDictionary(variable => variable.Name, variable => variable.Value));

    private static async Task ReadAsync(byte[] order)
    {
        using var shell = Process.Start(new ProcessStartInfo(Found.Sh) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" })!;
        await shell.StandardInput.BaseStream.WriteAsync(order);
        shell.StandardInput.Close();
        await shell.WaitForExitAsync();
    }

    private static (Reaper Reaper, DirectoryInfo Folder) Reap()
    {
        var folder = Directory.CreateTempSubdirectory("control-standby-");
        return (new Reaper(Found, [Program.Path, ReaperProcess.Verb], "0123456789abcdef/boot/", Path.Combine(folder.FullName, "lock")), folder);
    }

    // The shell that waits, which nobody is handed before they take it.
    private static async Task<Process> ChildAsync(StandbyPlaces places) => (await places.PeekAsync())!.Shell!.Process;

    private static void Kill(Process shell)
    {
        shell.Kill();
        shell.WaitForExit();
    }
}
