using System.Text;

namespace Control.Api.Access;

/// <summary>
/// Marks pages for browsers, which cannot send a bearer token by themselves: they ask for a name and a password, and the
/// password is the token. Only for pages that change nothing, because browsers send it along wherever a link comes from.
/// </summary>
internal sealed class BrowserPages
{
    public static readonly BrowserPages Mark = new();

    private const string Start = "Basic ";

    /// <summary>The answer that makes a browser ask.</summary>
    public const string Challenge = "Basic realm=\"control: any name, an access token as password\"";

    public static bool Serve(HttpContext http) =>
        http.GetEndpoint()?.Metadata.GetMetadata<BrowserPages>() is not null && HttpMethods.IsGet(http.Request.Method);

    /// <summary>The password of a header; null when it has none.</summary>
    public static string? TokenOf(string header)
    {
        var bytes = new byte[header.Length];
        return header.StartsWith(Start, StringComparison.OrdinalIgnoreCase)
            && Convert.TryFromBase64String(header[Start.Length..].Trim(), bytes, out var length)
            && Encoding.UTF8.GetString(bytes, 0, length).Split(':', 2) is [_, var password]
                ? password
                : null;
    }
}
