using System.Collections.Immutable;

namespace Control.Kubernetes.Discovery;

/// <summary>Every kind an API server serves, as of one moment.</summary>
/// <param name="Resources">Groups in the server's order, and in each its preferred version first.</param>
/// <param name="Unavailable">Group versions that are announced and not served at present, such as <c>metrics.k8s.io/v1beta1</c> without its server.</param>
public sealed record ApiCatalog(ImmutableArray<ApiResource> Resources, ImmutableArray<string> Unavailable)
{
    /// <summary>
    /// Finds a kind by what people call it: plural, singular or short name, kind, or <c>name.group</c> or <c>name.version.group</c>, in any
    /// case; the first in the catalog's order.
    /// </summary>
    /// <returns>Null when none is called that.</returns>
    public ApiResource? Find(string name)
    {
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0) return FindIn(Resources, name);
        var (first, rest) = (name[..dot], name[(dot + 1)..]);
        return FindIn(Resources.Where(kind => Same(kind.Group, rest)), first)
            ?? FindIn(Resources.Where(kind => Same($"{kind.Version}.{kind.Group}", rest) || (kind.Group.Length == 0 && Same(kind.Version, rest))), first);
    }

    /// <summary>Finds a kind as objects name it.</summary>
    /// <returns>Null when the server does not serve it.</returns>
    public ApiResource? Find(string apiVersion, string kind) =>
        Resources.FirstOrDefault(resource => resource.Kind == kind && resource.ApiVersion == apiVersion);

    // A plural name beats the short name of another kind.
    private static ApiResource? FindIn(IEnumerable<ApiResource> kinds, string name)
    {
        var all = kinds as ICollection<ApiResource> ?? [.. kinds];
        return all.FirstOrDefault(kind => Same(kind.Name, name))
            ?? all.FirstOrDefault(kind => Same(kind.Singular, name) || Same(kind.Kind, name))
            ?? all.FirstOrDefault(kind => kind.ShortNames.Any(shortName => Same(shortName, name)));
    }

    private static bool Same(string one, string other) => string.Equals(one, other, StringComparison.OrdinalIgnoreCase);
}
