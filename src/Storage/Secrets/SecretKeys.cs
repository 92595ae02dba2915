using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Control.Contracts.Errors;

namespace Control.Storage.Secrets;

/// <summary>A key that seals secrets.</summary>
/// <param name="Id">Written with everything it sealed; from 1.</param>
/// <param name="Key">256 bits.</param>
internal sealed record SecretKey(uint Id, byte[] Key)
{
    /// <summary>Tells keys apart without telling anything about them: 64 bits of the key's SHA-256, after its id.</summary>
    public string Fingerprint => $"{Id}:{Convert.ToHexStringLower(SHA256.HashData(Key).AsSpan(0, 8))}";

    /// <summary>A fresh random key.</summary>
    public static SecretKey Create(uint id) => new(id, RandomNumberGenerator.GetBytes(32));
}

/// <summary>
/// The key file: JSON <c>{"keys":[{"id":1,"key":"base64"}]}</c>, oldest first, readable by its owner only. It is replaced
/// whole, never edited in place, so a crash leaves the old one or the new one.
/// </summary>
internal static class SecretKeyFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const int MaxBytes = 64 * 1024;

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
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static ControlException Invalid(string path) => new(
        "secret-keys-invalid",
        $"{path} is not a key file: {{\"keys\":[{{\"id\":1,\"key\":\"32 bytes in base64\"}}]}} with distinct ids from 1. Restore it from a backup.");

    private sealed record Content(SecretKey[] Keys);
}
