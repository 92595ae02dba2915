using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using Control.Contracts.Errors;

namespace Control.Storage.Backups;

/// <summary>
/// The keys of a data folder, sealed with a passphrase, so that whoever gets hold of a backup has what the keys protect and not
/// the keys. AES-256-GCM (NIST SP 800-38D) under a key that PBKDF2 derives (RFC 8018) with HMAC-SHA-256 and 600,000 rounds, as
/// the OWASP Password Storage Cheat Sheet has it. Format: version 1, salt (16 bytes, random), nonce (12, random), tag (16),
/// ciphertext of JSON: contents in base64 by the names of their files.
/// </summary>
internal static class SealedKeys
{
    /// <summary>In a backup's folder.</summary>
    public const string FileName = "keys.sealed";

    // In characters.
    private const int MinPassphrase = 12;

    private const byte FormatVersion = 1;
    private const int Rounds = 600_000;
    private const int SaltEnd = 1 + 16, NonceEnd = SaltEnd + 12, TagEnd = NonceEnd + 16;
    private const int MaxBytes = 1024 * 1024;

    // With the certificates' keys: whoever has those passes for the server, or for a silo.
    private static readonly ImmutableArray<string> Files = ["secret-keys.json", "server.pem", "silos.pem"];

    /// <summary>Whether a data folder has the key that opens the store's secrets.</summary>
    public static bool AreIn(string dataDirectory) => File.Exists(Path.Combine(dataDirectory, Files[0]));

    /// <summary>The first file in a data folder that <see cref="WriteTo"/> would have to overwrite; null when there is none.</summary>
    public static string? FirstIn(string dataDirectory) => Files.FirstOrDefault(name => File.Exists(Path.Combine(dataDirectory, name)));

    /// <summary>Refuses a passphrase that could be guessed.</summary>
    /// <exception cref="ControlException"><c>backup-passphrase</c>: it is too short.</exception>
    public static void Check(string passphrase)
    {
        if (passphrase.Length < MinPassphrase)
            throw new ControlException("backup-passphrase", $"The passphrase has {passphrase.Length} characters; use {MinPassphrase} or more, and keep it apart from the backup.");
    }

    /// <summary>Seals what a data folder has of the files.</summary>
    public static byte[] Seal(string dataDirectory, string passphrase)
    {
        var contents = Files.Select(name => (Name: name, Path: Path.Combine(dataDirectory, name))).Where(file => File.Exists(file.Path))
            .ToDictionary(file => file.Name, file => File.ReadAllBytes(file.Path));
        var plain = JsonSerializer.SerializeToUtf8Bytes(contents);
        var box = new byte[TagEnd + plain.Length];
        box[0] = FormatVersion;
        RandomNumberGenerator.Fill(box.AsSpan(1..NonceEnd));
        using var aes = Derive(passphrase, box);
        aes.Encrypt(box.AsSpan(SaltEnd..NonceEnd), plain, box.AsSpan(TagEnd), box.AsSpan(NonceEnd..TagEnd), box.AsSpan(..SaltEnd));
        CryptographicOperations.ZeroMemory(plain);
        return box;
    }

    /// <summary>Opens them.</summary>
    /// <returns>Contents, by the names of their files.</returns>
    /// <exception cref="ControlException"><c>backup-passphrase</c>: it is another one, or the file is not as it was written.</exception>
    public static IReadOnlyDictionary<string, byte[]> Open(string path, string passphrase)
    {
        var box = new FileInfo(path).Length is >= TagEnd and <= MaxBytes ? File.ReadAllBytes(path) : throw Closed(path);
        if (box[0] != FormatVersion) throw Closed(path);
        var plain = new byte[box.Length - TagEnd];
        try
        {
            using var aes = Derive(passphrase, box);
            aes.Decrypt(box.AsSpan(SaltEnd..NonceEnd), box.AsSpan(TagEnd..), box.AsSpan(NonceEnd..TagEnd), plain, box.AsSpan(..SaltEnd));
            var contents = JsonSerializer.Deserialize<Dictionary<string, byte[]>>(plain) ?? throw Closed(path);
            // Whoever has the passphrase could still have written other names into it.
            return contents.Keys.All(name => Files.Contains(name)) ? contents : throw Closed(path);
        }
        catch (Exception error) when (error is AuthenticationTagMismatchException or JsonException)
        {
            throw Closed(path);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>Writes opened ones, durably, where none are.</summary>
    /// <exception cref="IOException">One is there, or cannot be written.</exception>
    public static void WriteTo(string dataDirectory, IReadOnlyDictionary<string, byte[]> contents)
    {
        foreach (var (name, content) in contents) PrivateFile.Write(Path.Combine(dataDirectory, name), content);
    }

    private static AesGcm Derive(string passphrase, byte[] box)
    {
        var key = Rfc2898DeriveBytes.Pbkdf2(passphrase, box.AsSpan(1..SaltEnd), Rounds, HashAlgorithmName.SHA256, 32);
        var aes = new AesGcm(key, TagEnd - NonceEnd);
        CryptographicOperations.ZeroMemory(key);
        return aes;
    }

    private static ControlException Closed(string path) =>
        new("backup-passphrase", $"The passphrase does not open {path}, or the file was changed. Use the passphrase that the backup was made with.");
}
