using System.Net;
using System.Text;

namespace Control.Engine.Logs;

/// <summary>The forms in which a secret's value shows up in logs.</summary>
internal static class SecretForms
{
    /// <summary>Base64 pieces shorter than this would mask innocent text.</summary>
    private const int ShortestPiece = 8;

    /// <summary>
    /// The value, its lines, base64 (also as part of a longer base64 text) and URL encodings, those of
    /// <see cref="SecretSet.ShortestMasked"/> bytes or more.
    /// </summary>
    public static IEnumerable<byte[]> Of(string value)
    {
        // What shells print lacks the line feeds at the end.
        var trimmed = value.Trim();
        if (Encoding.UTF8.GetByteCount(trimmed) < SecretSet.ShortestMasked)
        {
            return [];
        }

        IEnumerable<string> texts = [value, trimmed, .. Lines(value), .. UrlEncoded(trimmed), .. Base64(value), .. Base64(trimmed)];
        return texts.Distinct(StringComparer.Ordinal).Select(Encoding.UTF8.GetBytes).Where(f => f.Length >= SecretSet.ShortestMasked);
    }

    private static IEnumerable<string> Lines(string value) => value.Split('\n').Select(line => line.Trim());

    private static IEnumerable<string> UrlEncoded(string value) => [Uri.EscapeDataString(value), WebUtility.UrlEncode(value)];

    /// <summary>
    /// Base64 of the value alone, in both alphabets, and the pieces that do not depend on what stands around the value when
    /// it is part of a longer text, for each of the three places it can have in a group of three bytes.
    /// </summary>
    private static IEnumerable<string> Base64(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        var whole = Convert.ToBase64String(bytes);
        var pieces = Enumerable.Range(0, 3).Select(shift => Piece(bytes, shift)).Where(p => p.Length >= ShortestPiece);
        return new[] { whole, whole.TrimEnd('=') }.Concat(pieces).SelectMany(f => new[] { f, f.Replace('+', '-').Replace('/', '_') });
    }

    private static string Piece(byte[] bytes, int shift)
    {
        var encoded = Convert.ToBase64String([.. new byte[shift], .. bytes]);
        var first = ((shift * 8) + 5) / 6;
        var end = (shift + bytes.Length) * 8 / 6;
        return end > first ? encoded[first..end] : "";
    }
}
