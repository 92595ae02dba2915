using System.Runtime.InteropServices;

namespace Control.Agent.Processes;

/// <summary>Keeps the memory of a process that handles secrets out of files and other processes' hands.</summary>
public static partial class CoreDumps
{
    // The same values on every Linux architecture that .NET runs on.
    private const int CoreSize = 4;
    private const int SetDumpable = 4;

    /// <summary>
    /// For the rest of this process's life: no core file, none of its children either, whatever limit they ask for; and no
    /// dump to a program that the machine may have for that, which asks for no limit. The latter also keeps other processes of
    /// the same user from reading its memory and environment, debuggers included unless they are root's.
    /// </summary>
    public static void TurnOff()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        // Neither fails for what a process asks of itself. Children that run another program can be dumped again, and have the limit.
        _ = SetLimit(CoreSize, default);
        _ = Control(SetDumpable, 0, 0, 0, 0);
    }

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, in Limit limit);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Control(int option, nuint value, nuint unused1, nuint unused2, nuint unused3);

    // Both are unsigned longs in C; zeros are all that is ever asked for.
    private readonly record struct Limit(nuint Soft, nuint Hard);
}
