using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Control.Agent.Processes;

namespace Control.Agent.Tests;

public class CoreDumpTests
{
    private const int GetDumpable = 3;

    /// <summary>For this process and what it starts; that servers and agents ask for it is seen where real ones run.</summary>
    [Fact]
    public async Task TurnOff_LeavesNoLimitToRaiseAndTheProcessNotDumpable()
    {
        CoreDumps.TurnOff();

        Assert.Matches("Max core file size +0 +0 ", await File.ReadAllTextAsync("/proc/self/limits"));
        Assert.Equal(0, Control(GetDumpable, 0, 0, 0, 0));
        await using var agent = await TestAgent.StartAsync();
        Assert.Equal(Contracts.Runs.ReportKind.Succeeded, (await agent.Server.EndOf(agent.Run("echo x > /dev/stdout; cat /proc/self/environ > env"))).Kind);
    }

    [DllImport("libc", EntryPoint = "prctl")]
    [SuppressMessage("Interoperability", "SYSLIB1054", Justification = "The project has no unsafe code, which the generated kind needs.")]
    private static extern int Control(int option, nuint value, nuint unused1, nuint unused2, nuint unused3);
}
