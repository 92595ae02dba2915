using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Control.Contracts.Errors;

namespace Control.Storage.Queries;

/// <summary>
/// A place in an ordered list: the last row given. Its text is authenticated with the store's incarnation and the list's
/// scope, so that a cursor of another store, of a restored one, of another list, or one made up is refused.
/// </summary>
/// <param name="Ordinal">The row's ordinal.</param>
/// <param name="Key">The row's key.</param>
internal readonly record struct Cursor(long Ordinal, string Key)
{
    private const int MacLength = 16;
    private const int MaxLength = 1024;

    /// <summary>The opaque text.</summary>
    public string Write(string incarnation, string scope)
    {
        var place = new byte[8 + Encoding.UTF8.GetByteCount(Key)];
        BinaryPrimitives.WriteInt64BigEndian(place, Ordinal);
        Encoding.UTF8.GetBytes(Key, place.AsSpan(8));
        return Base64Url.EncodeToString([.. Mac(place, incarnation, scope), .. place]);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="ControlException"><c>bad-cursor</c>.</exception>
    public static Cursor Read(string text, string incarnation, string scope)
    {
        if (text.Length > MaxLength || !Base64Url.IsValid(text))
            throw Bad();
        var bytes = Base64Url.DecodeFromChars(text);
        if (bytes.Length < MacLength + 8)
            throw Bad();
        var place = bytes.AsSpan(MacLength);
        if (!CryptographicOperations.FixedTimeEquals(bytes.AsSpan(0, MacLength), Mac(place, incarnation, scope)))
            throw Bad();
        return new Cursor(BinaryPrimitives.ReadInt64BigEndian(place), Encoding.UTF8.GetString(place[8..]));
    }

    private static ReadOnlySpan<byte> Mac(ReadOnlySpan<byte> place, string incarnation, string scope)
    {
        byte[] message = [.. Encoding.UTF8.GetBytes(scope), 0, .. place];
        return HMACSHA256.HashData(Encoding.UTF8.GetBytes(incarnation), message).AsSpan(0, MacLength);
    }

    private static ControlException Bad() => new(
        "bad-cursor",
        "The cursor is not one of this list in this store. Start again from the first page.",
        new FieldError("cursor", "Leave it out to start from the first page."));
}
