using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using Control.Contracts.Errors;

namespace Control.Storage.Secrets;

/// <summary>A key that seals secrets.</summary>
/// <param name="Id">Written with everything it sealed; from 1.</param>
/// <param name="Key">256 bits.</param>
/// <param name="Made">When it was added to the file; null for those from before that was noted, and the first.</param>
internal sealed record SecretKey(uint Id, byte[] Key, DateTimeOffset? Made = null)
{
    /// <summary>Tells keys apart without telling anything about them: 64 bits of the key's SHA-256, after its id.</summary>
    public string Fingerprint => $"{Id}:{Convert.ToHexStringLower(SHA256.HashData(Key).AsSpan(0, 8))}";

    /// <summary>A fresh random key.</summary>
    public static SecretKey Create(uint id, DateTimeOffset? made = null) => new(id, RandomNumberGenerator.GetBytes(32), made);
}

/// <summary>
/// The key file: JSON <c>{"keys":[{"id":1,"key":"base64"}]}</c>, oldest first, readable by its owner only. It is replaced
/// whole, never edited in place, so a crash leaves the old one or the new one, and has reached the disk, its name too,
/// before anything is sealed with what is new in it.
/// </summary>
internal static partial class SecretKeyFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxBytes = 64 * 1024;
    private const int ReadOnlyFolderCloseOnExec = 0x80000;

    /// <summary>Reads and checks the file.</summary>
    /// <exception cref="ControlException"><c>secret-keys-exposed</c> or <c>secret-keys-invalid</c>.</exception>
    public static ImmutableArray<SecretKey> Read(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0)
            throw new ControlException("secret-keys-exposed", $"{path} can be read or written by others than its owner. Run: chmod 600 {path}");
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
                throw Invalid(path);
            var keys = JsonSerializer.Deserialize<Content>(File.ReadAllBytes(path), JsonSerializerOptions.Web)?.Keys ?? [];
            return keys.Length > 0 && keys.All(key => key is { Id: > 0, Key.Length: 32 }) && keys.DistinctBy(key => key.Id).Count() == keys.Length
                ? [.. keys]
                : throw Invalid(path);
        }
        catch (JsonException)
        {
            throw Invalid(path);
        }
    }

    /// <summary>Writes a file that must not exist yet.</summary>
    /// <exception cref="IOException">It exists, or cannot be written.</exception>
    public static void Create(string path, ImmutableArray<SecretKey> keys) => Write(path, keys, overwrite: false);

    /// <summary>Replaces the file.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void Replace(string path, ImmutableArray<SecretKey> keys) => Write(path, keys, overwrite: true);

    /// <summary>
    /// What tells a file from the one that replaced it, so that a process notices another's change by a look and not by
    /// reading; null when there is none.
    /// </summary>
    public static (DateTime, long)? Stamp(string path) => new FileInfo(path) is { Exists: true } file ? (file.LastWriteTimeUtc, file.Length) : null;

    /// <summary>Makes the caller the only one of all processes who changes the file, until it disposes of the result.</summary>
    /// <exception cref="ControlException"><c>secret-keys-busy</c>.</exception>
    public static IDisposable Lock(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        try
        {
            return new FileStream(path + ".lock", options);
        }
        catch (IOException)
        {
            throw new ControlException("secret-keys-busy", $"Another process is changing {path}. Try again when it is done.");
        }
    }

    private static void Write(string path, ImmutableArray<SecretKey> keys, bool overwrite)
    {
        var temporary = $"{path}.{RandomNumberGenerator.GetHexString(8)}";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        try
        {
            using (var file = new FileStream(temporary, options))
            {
                JsonSerializer.Serialize(file, new Content([.. keys]), JsonSerializerOptions.Web);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite);
            SyncFolder(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>
    /// Writes a folder's names to the disk: .NET opens no folders, and only a synced folder has the new name of a file for certain
    /// after a power failure.
    /// </summary>
    internal static void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        var folder = OpenFolder(path, ReadOnlyFolderCloseOnExec);
        if (folder < 0)
            return;
        _ = Sync(folder);
        _ = Close(folder);
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFolder(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(int file);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);

    private static ControlException Invalid(string path) => new(
        "secret-keys-invalid",
        $"{path} is not a key file: {{\"keys\":[{{\"id\":1,\"key\":\"32 bytes in base64\"}}]}} with distinct ids from 1. Restore it from a backup.");

    private sealed record Content(SecretKey[] Keys);
}
