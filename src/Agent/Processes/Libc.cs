using System.Runtime.InteropServices;

namespace Control.Agent.Processes;

/// <summary>The calls into the C library that .NET does not offer.</summary>
internal static partial class Libc
{
    /// <summary>Asks a process to end; it may clean up.</summary>
    public const int SigTerm = 15;

    /// <summary>Ends a process; it cannot refuse.</summary>
    public const int SigKill = 9;

    // The same values on every Linux architecture that .NET runs on.
    private const int ReadOnlyNonBlockingCloseOnExec = 0x80800;

    /// <summary>Sends a signal to one process; a process that is already gone is no error.</summary>
    [LibraryImport("libc", EntryPoint = "kill")]
    public static partial int Kill(int pid, int signal);

    /// <summary>Opens a file to read without waiting for a writer, which a named pipe would otherwise make it do forever; -1 on failure.</summary>
    public static int OpenToRead(string path) => Open(path, ReadOnlyNonBlockingCloseOnExec);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
