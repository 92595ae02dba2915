using System.Net;
using System.Text;
using System.Text.RegularExpressions;

namespace Control.Engine.Logs;

/// <summary>The forms in which a secret's value shows up in logs.</summary>
internal static partial class SecretForms
{
    /// <summary>Base64 pieces shorter than this would mask innocent text.</summary>
    private const int ShortestPiece = 8;

    private const int MimeLine = 76, PemLine = 64;

    /// <summary>
    /// The value, its lines, base64 (also as part of a longer base64 text, and in lines) and URL encodings, those of
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

    // Programs differ in whether they encode slashes, how they write spaces, and in the case of the digits.
    private static IEnumerable<string> UrlEncoded(string value)
    {
        var strict = Uri.EscapeDataString(value);
        string[] forms = [strict, strict.Replace("%2F", "/", StringComparison.Ordinal), WebUtility.UrlEncode(value)];
        return forms.SelectMany(form => new[] { form, Escapes().Replace(form, escape => escape.Value.ToLowerInvariant()) });
    }

    [GeneratedRegex("%[0-9A-F]{2}")]
    private static partial Regex Escapes();

    /// <summary>
    /// Base64 of the value alone, in both alphabets, and the pieces that do not depend on what stands around the value when
    /// it is part of a longer text, for each of the three places it can have in a group of three bytes.
    /// </summary>
    private static IEnumerable<string> Base64(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        var whole = Convert.ToBase64String(bytes);
        var pieces = Enumerable.Range(0, 3).Select(shift => Piece(bytes, shift)).Where(p => p.Length >= ShortestPiece);
        return new[] { whole, whole.TrimEnd('=') }.Concat(Wrapped(whole)).Concat(pieces).SelectMany(f => new[] { f, f.Replace('+', '-').Replace('/', '_') });
    }

    // What base64 and openssl print of a long value has lines.
    private static IEnumerable<string> Wrapped(string encoded) => encoded.Length <= PemLine
        ? []
        : new[] { MimeLine, PemLine }.SelectMany(encoded.Chunk).Select(line => new string(line)).Where(line => line.Length >= ShortestPiece);

    private static string Piece(byte[] bytes, int shift)
    {
        var encoded = Convert.ToBase64String([.. new byte[shift], .. bytes]);
        var first = ((shift * 8) + 5) / 6;
        var end = (shift + bytes.Length) * 8 / 6;
        return end > first ? encoded[first..end] : "";
    }
}
