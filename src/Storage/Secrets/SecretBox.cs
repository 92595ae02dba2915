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

    // Beyond that somebody rotates in a circle; the file has room for some hundreds.
    private const int MaxKeys = 64;

    private readonly string _path;
    private readonly Lock _reading = new();
    private volatile Held _held;

    private SecretBox(string path)
    {
        _path = path;
        _held = Held.Read(path);
    }

    /// <summary>The keys, oldest first.</summary>
    internal ImmutableArray<SecretKey> Keys => _held.Keys;

    /// <summary>The key that seals.</summary>
    internal SecretKey Newest => _held.Keys[^1];

    /// <summary>Encrypts under the newest key, also when another process has only just added it.</summary>
    /// <param name="plain">Up to <see cref="MaxPlain"/> bytes.</param>
    /// <param name="context">What the secret is, such as its workspace and name; opening it as anything else fails.</param>
    /// <exception cref="ControlException"><c>secret-too-large</c>.</exception>
    public ImmutableArray<byte> Seal(ReadOnlySpan<byte> plain, string context)
    {
        if (plain.Length > MaxPlain)
            throw new ControlException("secret-too-large", $"A secret has up to {MaxPlain} bytes.");
        TryRefresh();
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
        var id = KeyOf(@sealed);
        var key = Find(id) ?? (TryRefresh() ? Find(id) : null)
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
    /// Adds a key that seals from now on, in every process that has this file; what older keys sealed stays readable. It is on
    /// the disk before anything is sealed with it.
    /// </summary>
    /// <param name="now">Noted with it.</param>
    /// <returns>Its id.</returns>
    /// <exception cref="ControlException">The key file is not as it must be, has too many keys, or is being changed by another process.</exception>
    /// <exception cref="IOException">The key file cannot be written.</exception>
    internal uint AddKey(DateTimeOffset now)
    {
        using var held = SecretKeyFile.Lock(_path);
        Refresh();
        if (Keys.Length >= MaxKeys)
            throw new ControlException("secret-keys-too-many", $"{_path} has {Keys.Length} keys. Retire the old ones first.");
        var key = SecretKey.Create(Newest.Id + 1, now);
        SecretKeyFile.Replace(_path, Keys.Add(key));
        Refresh();
        return key.Id;
    }

    /// <summary>Takes all keys but the newest out of the file. Nothing may be sealed with them any more.</summary>
    /// <param name="check">Called while nobody else changes the file; throws to keep them.</param>
    /// <returns>How many there were.</returns>
    internal async Task<int> RemoveOldAsync(Func<Task> check)
    {
        using var held = SecretKeyFile.Lock(_path);
        Refresh();
        await check().ConfigureAwait(false);
        var old = Keys.Length - 1;
        if (old > 0)
            SecretKeyFile.Replace(_path, [Newest]);
        Refresh();
        return old;
    }

    /// <summary>The id of the key that sealed something; 0 when it is no seal.</summary>
    internal static uint KeyOf(ImmutableArray<byte> @sealed) =>
        @sealed.Length < TagEnd || @sealed[0] != FormatVersion ? 0 : BinaryPrimitives.ReadUInt32BigEndian(@sealed.AsSpan()[1..]);

    /// <summary>Reads the key file again if it was replaced. A file that lacks the key in use is not taken.</summary>
    /// <exception cref="ControlException">The file is missing, another store's, damaged or open to others.</exception>
    internal void Refresh()
    {
        lock (_reading)
        {
            if (SecretKeyFile.Stamp(_path) == _held.Stamp)
                return;
            var found = File.Exists(_path) ? Held.Read(_path) : throw Missing(_path, "is missing");
            if (!found.Keys.Any(key => key.Fingerprint == Newest.Fingerprint))
                throw Missing(_path, "lacks the key this store used last");
            _held = found;
        }
    }

    // Whatever is wrong with the file, what was read from it before goes on working; who watches the file says so.
    private bool TryRefresh()
    {
        try
        {
            Refresh();
            return true;
        }
        catch (Exception error) when (error is ControlException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private SecretKey? Find(uint id) => Keys.FirstOrDefault(key => key.Id == id);

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

        var box = new SecretBox(path);
        if (known is not null && !box.Keys.Any(key => key.Fingerprint == known))
            throw Missing(path, "lacks the key this store used last");
        if (known != box.Newest.Fingerprint)
            box.Remember(session);
        return box;
    }

    /// <summary>Notes the newest key in the store, which then does not start without it.</summary>
    internal void Remember(Session session) => Meta.Set(session, MetaName, Newest.Fingerprint);

    /// <summary>Makes the key file of a data directory where there is none: before its first store, and for a cluster's machines to share.</summary>
    /// <param name="dataDirectory">Must exist.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void EnsureKeyFile(string dataDirectory)
    {
        var path = new StorageOptions { DataDirectory = dataDirectory }.SecretKeyPath;
        if (!File.Exists(path))
            Create(path);
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

    // What the file said when it looked like that.
    private sealed record Held(ImmutableArray<SecretKey> Keys, (DateTime, long)? Stamp)
    {
        // The stamp first: should the file be replaced in between, it is read once more than needed.
        public static Held Read(string path)
        {
            var stamp = SecretKeyFile.Stamp(path);
            return new Held([.. SecretKeyFile.Read(path).OrderBy(key => key.Id)], stamp);
        }
    }
}
