using System.Text.RegularExpressions;

namespace Control.Engine.Sources;

/// <summary>
/// The rule for repository addresses. Git itself accepts far more (local paths, <c>file:</c>, <c>ext:</c>, options in front of
/// hosts), each a way to read or run something on the machine that fetches; only remote addresses in plain form pass.
/// </summary>
public static partial class RepositoryUrl
{
    /// <summary>Longest address, in characters.</summary>
    public const int MaxLength = 2048;

    /// <summary>Null when the address may be used, otherwise what is wrong with it, cure included.</summary>
    public static string? Check(string url)
    {
        if (url.Length is 0 or > MaxLength)
        {
            return $"A repository's address has 1 to {MaxLength} characters.";
        }

        if (url.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '\\' or '"' or '\''))
        {
            return "A repository's address must not contain spaces, control characters, quotes or '\\'. Encode them as %20 and so on.";
        }

        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        return scheme < 0 ? CheckShort(url) : CheckUrl(url, url[..scheme]);
    }

    /// <summary>True for addresses that Git reaches over SSH.</summary>
    public static bool IsSsh(string url) => url.StartsWith("ssh://", StringComparison.Ordinal) || ShortForm().IsMatch(url);

    /// <summary>Scheme, host and port of an <c>https</c> or <c>http</c> address; null for others.</summary>
    internal static string? HttpOrigin(string url) =>
        UrlForm().Match(url) is { Success: true } match && match.Groups["scheme"].Value is "http" or "https"
            ? $"{match.Groups["scheme"].Value}://{match.Groups["host"].Value}{match.Groups["port"].Value}"
            : null;

    private static string? CheckShort(string url) => ShortForm().IsMatch(url)
        ? null
        : "This is not the address of a remote repository. Use https://, http://, ssh:// or git://, or user@host:path; local paths are not allowed.";

    private static string? CheckUrl(string url, string scheme)
    {
        if (scheme is not ("https" or "http" or "ssh" or "git"))
        {
            return $"{Pipelines.Yaml.Problems.Quote(scheme)} is not an allowed scheme. Use https, http, ssh or git in lower case.";
        }

        var authority = url[(scheme.Length + 3)..].Split('/')[0];
        var user = authority.Contains('@') ? authority[..authority.LastIndexOf('@')] : "";
        if (user.Contains(':') || (user.Length > 0 && scheme != "ssh"))
        {
            return "Credentials do not belong into the address. Store them as a secret of the workspace and name it with 'credentials:'.";
        }

        if (url.AsSpan().ContainsAny('?', '#'))
        {
            return "A repository's address has no '?' and no '#'. Remove that part; a token belongs into a secret named with 'credentials:'.";
        }

        return UrlForm().IsMatch(url) ? null : "This address cannot be used. Write scheme://host/path or scheme://host:port/path.";
    }

    // \z, not $, which would let a final line feed pass.
    [GeneratedRegex(@"^(?<scheme>https?|ssh|git)://([A-Za-z0-9_][A-Za-z0-9._-]*@)?(?<host>[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?<port>:[0-9]{1,5})?/[^\s?#\\]+\z", RegexOptions.CultureInvariant)]
    private static partial Regex UrlForm();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9._-]*@[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?:[^-:\s\\][^:\s\\]*\z", RegexOptions.CultureInvariant)]
    private static partial Regex ShortForm();
}
