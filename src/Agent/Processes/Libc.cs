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
    private const int CurrentFolder = -100;
    private const int EmptyPath = 0x1000;
    private const int NoFollow = 0x100;
    private const uint Owner = 0x8;

    // struct statx is the same on every architecture; the owner is at 20.
    private const int StatSize = 256;

    /// <summary>Sends a signal to one process; a process that is already gone is no error.</summary>
    [LibraryImport("libc", EntryPoint = "kill")]
    public static partial int Kill(int pid, int signal);

    /// <summary>Opens a file to read without waiting for a writer, which a named pipe would otherwise make it do forever; -1 on failure.</summary>
    public static int OpenToRead(string path) => Open(path, ReadOnlyNonBlockingCloseOnExec);

    /// <summary>The user that this process acts as; 0 is root.</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    /// <summary>Gives a file or folder, or a symbolic link itself, to a user and the group of the same number.</summary>
    /// <exception cref="IOException">It cannot be.</exception>
    public static void Give(string path, uint owner, uint group)
    {
        if (ChangeOwner(path, owner, group) != 0)
        {
            throw new IOException($"{path} cannot be given to user {owner}: {Marshal.GetLastPInvokeErrorMessage()}.");
        }
    }

    /// <summary>Gives an open pipe to a user, who can then open it again by its name in /proc; false when that cannot be.</summary>
    public static bool TryGive(SafeHandle file, uint owner) => ChangeOwner(file, owner, owner) == 0;

    /// <summary>Who owns an open file; null when the kernel does not say.</summary>
    public static uint? OwnerOf(SafeHandle file)
    {
        Span<byte> result = stackalloc byte[StatSize];
        return Stat(file, "", EmptyPath, Owner, ref MemoryMarshal.GetReference(result)) == 0 ? OwnerIn(result) : null;
    }

    /// <summary>Who owns a file, folder or symbolic link; null when there is none.</summary>
    public static uint? OwnerOf(string path)
    {
        Span<byte> result = stackalloc byte[StatSize];
        return Stat(CurrentFolder, path, NoFollow, Owner, ref MemoryMarshal.GetReference(result)) == 0 ? OwnerIn(result) : null;
    }

    private static uint OwnerIn(ReadOnlySpan<byte> result) => MemoryMarshal.Read<uint>(result[20..]);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "fchown")]
    private static partial int ChangeOwner(SafeHandle file, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Stat(int folder, string path, int flags, uint mask, ref byte result);

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Stat(SafeHandle folder, string path, int flags, uint mask, ref byte result);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
