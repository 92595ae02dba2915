using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Control.Contracts.Errors;
using Control.Storage.Databases;

namespace Control.Storage.Secrets;

/// <summary>
/// Seals secrets with AES-256-GCM (NIST SP 800-38D) under keys from a file. Format: version 1, key id (4 bytes, big
/// endian), nonce (12, random), tag (16), ciphertext. Random nonces are safe for 2^32 seals per key.
/// </summary>
public sealed class SecretBox
{
    /// <summary>Longest secret, in bytes: 64 KiB.</summary>
    public const int MaxPlain = 64 * 1024;

    private const byte FormatVersion = 1;
    private const int KeyIdEnd = 5, NonceEnd = KeyIdEnd + 12, TagEnd = NonceEnd + 16;
    private const string MetaName = "secret-key";

    private readonly string _path;
    private readonly Lock _rotating = new();
    private ImmutableArray<SecretKey> _keys;

    private SecretBox(string path, ImmutableArray<SecretKey> keys)
    {
        _path = path;
        _keys = keys;
    }

    private SecretKey Newest => _keys.MaxBy(key => key.Id)!;

    /// <summary>Encrypts under the newest key.</summary>
    /// <param name="plain">Up to <see cref="MaxPlain"/> bytes.</param>
    /// <param name="context">What the secret is, such as its workspace and name; opening it as anything else fails.</param>
    /// <exception cref="ControlException"><c>secret-too-large</c>.</exception>
    public ImmutableArray<byte> Seal(ReadOnlySpan<byte> plain, string context)
    {
        if (plain.Length > MaxPlain)
            throw new ControlException("secret-too-large", $"A secret has up to {MaxPlain} bytes.");
        var key = Newest;
        var box = new byte[TagEnd + plain.Length];
        box[0] = FormatVersion;
        BinaryPrimitives.WriteUInt32BigEndian(box.AsSpan(1), key.Id);
        var nonce = box.AsSpan(KeyIdEnd..NonceEnd);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key.Key, TagEnd - NonceEnd);
        aes.Encrypt(nonce, plain, box.AsSpan(TagEnd), box.AsSpan(NonceEnd..TagEnd), Bound(box, context));
        return System.Runtime.InteropServices.ImmutableCollectionsMarshal.AsImmutableArray(box);
    }

    /// <summary>Decrypts; clear the result after use.</summary>
    /// <exception cref="ControlException">
    /// <c>secret-key-unknown</c>: the key is not in the file; <c>secret-unreadable</c>: damaged, or sealed as something else.
    /// </exception>
    public byte[] Open(ImmutableArray<byte> @sealed, string context)
    {
        var box = @sealed.AsSpan();
        if (box.Length < TagEnd || box[0] != FormatVersion)
            throw Unreadable();
        var id = BinaryPrimitives.ReadUInt32BigEndian(box[1..]);
        var key = _keys.FirstOrDefault(key => key.Id == id)
            ?? throw new ControlException("secret-key-unknown", $"The secret was sealed with key {id}, which {_path} lacks. Put the key back, or set the secret again.");
        var plain = new byte[box.Length - TagEnd];
        try
        {
            using var aes = new AesGcm(key.Key, TagEnd - NonceEnd);
            aes.Decrypt(box[KeyIdEnd..NonceEnd], box[TagEnd..], box[NonceEnd..TagEnd], plain, Bound(box, context));
            return plain;
        }
        catch (AuthenticationTagMismatchException)
        {
            throw Unreadable();
        }
    }

    /// <summary>
    /// Adds a key that seals from now on; what older keys sealed stays readable. Other processes use it after a restart.
    /// An older key may be taken out of the file once everything was sealed anew and this process was started again.
    /// </summary>
    /// <exception cref="ControlException">The key file is not as it must be.</exception>
    /// <exception cref="IOException">The key file cannot be written.</exception>
    public void AddKey()
    {
        lock (_rotating)
        {
            var keys = SecretKeyFile.Read(_path);
            keys = keys.Add(SecretKey.Create(keys.Max(key => key.Id) + 1));
            SecretKeyFile.Replace(_path, keys);
            _keys = keys;
        }
    }

    /// <summary>
    /// Reads the key file, or makes it when this store never had one. The store remembers the newest key's fingerprint,
    /// so a lost or foreign file is noticed at start and not when the first secret is needed.
    /// </summary>
    /// <exception cref="ControlException">The file is missing, another store's, damaged or open to others.</exception>
    internal static SecretBox Open(string path, Session session)
    {
        var known = Meta.Get(session, MetaName);
        if (!File.Exists(path))
        {
            if (known is not null)
                throw Missing(path, "is missing");
            Create(path);
        }

        var box = new SecretBox(path, SecretKeyFile.Read(path));
        if (known is not null && !box._keys.Any(key => key.Fingerprint == known))
            throw Missing(path, "lacks the key this store used last");
        if (known != box.Newest.Fingerprint)
            Meta.Set(session, MetaName, box.Newest.Fingerprint);
        return box;
    }

    private static void Create(string path)
    {
        try
        {
            SecretKeyFile.Create(path, [SecretKey.Create(1)]);
        }
        catch (IOException) when (File.Exists(path))
        {
            // Another process starting at the same time made it: that one holds.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ControlException("secret-keys-unwritable", $"{path} cannot be made ({error.Message}). Give the user of this process write access to its directory.");
        }
    }

    // Binds the header and the context to the ciphertext.
    private static byte[] Bound(ReadOnlySpan<byte> box, string context) => [.. box[..KeyIdEnd], .. Encoding.UTF8.GetBytes(context)];

    private static ControlException Missing(string path, string what) => new(
        "secret-keys-missing",
        $"The key file {path} {what}, but secrets may have been sealed with it. Restore it from a backup; without it they are lost.");

    private static ControlException Unreadable() =>
        new("secret-unreadable", "The secret cannot be opened: it is damaged or was sealed as another one. Set it again.");
}
