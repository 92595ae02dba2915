using System.Text.RegularExpressions;

namespace Control.Engine.Containers;

/// <summary>
/// The rule for references of images. Engines accept more, such as <c>dir:/etc</c> and <c>oci-archive:FILE</c>, which read the
/// files of the machine they run on; only what names an image in a registry passes.
/// </summary>
public static partial class ImageName
{
    /// <summary>Longest reference, in characters.</summary>
    public const int MaxLength = 512;

    /// <summary>The rule as a regular expression: registry, path, tag, digest.</summary>
    public const string Pattern =
        "^(([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?)(:[0-9]{1,5})?/)?[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([._]|__|-+)[a-z0-9]+)*)*"
        + "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$";

    private const string DefaultRegistry = "docker.io";

    private static readonly ImmutableArray<string> Transports =
        ["containers-storage", "dir", "docker", "docker-archive", "docker-daemon", "oci", "oci-archive", "ostree", "sif", "tarball"];

    /// <summary>Null when the reference may be used, otherwise what is wrong with it, cure included.</summary>
    public static string? Check(string text)
    {
        if (text.Length is 0 or > MaxLength || !Form().IsMatch(text) || text.EndsWith('\n'))
        {
            return "This is no reference of an image. Write it as REGISTRY/PATH:TAG or PATH:TAG, such as registry.example.org/team/builder:1.2, in lower case.";
        }

        return Transports.Contains(text[..Math.Max(0, text.IndexOf(':', StringComparison.Ordinal))])
            ? "Images come from registries alone. Write the reference as REGISTRY/PATH:TAG."
            : null;
    }

    /// <summary>The registry that a reference means, with its port: what credentials are for.</summary>
    public static string Registry(string reference)
    {
        var slash = reference.IndexOf('/', StringComparison.Ordinal);
        var first = slash < 0 ? "" : reference[..slash];
        return first.Contains('.', StringComparison.Ordinal) || first.Contains(':', StringComparison.Ordinal) || first == "localhost" ? first : DefaultRegistry;
    }

    [GeneratedRegex(Pattern, RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
