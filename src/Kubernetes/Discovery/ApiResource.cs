using System.Collections.Immutable;
using Control.Kubernetes.Errors;

namespace Control.Kubernetes.Discovery;

/// <summary>A kind that an API server serves, in one version.</summary>
public sealed record ApiResource
{
    /// <summary>Such as <c>apps</c>; empty for the core group.</summary>
    public required string Group { get; init; }

    /// <summary>Such as <c>v1</c>.</summary>
    public required string Version { get; init; }

    /// <summary>Its name in paths, such as <c>deployments</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Such as <c>Deployment</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>False for kinds of the whole cluster.</summary>
    public required bool IsNamespaced { get; init; }

    /// <summary>Such as <c>deployment</c>; often empty.</summary>
    public string Singular { get; init; } = "";

    /// <summary>Such as <c>list</c>, <c>watch</c>, <c>patch</c>.</summary>
    public ImmutableArray<string> Verbs { get; init; } = [];

    /// <summary>Such as <c>deploy</c>.</summary>
    public ImmutableArray<string> ShortNames { get; init; } = [];

    /// <summary>Such as <c>all</c>.</summary>
    public ImmutableArray<string> Categories { get; init; } = [];

    /// <summary>Such as <c>scale</c> and <c>status</c>.</summary>
    public ImmutableArray<string> Subresources { get; init; } = [];

    /// <summary>Group and version as objects carry them.</summary>
    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <summary>As kubectl tells kinds apart: <c>deployments.apps</c>.</summary>
    public string FullName => Group.Length == 0 ? Name : $"{Name}.{Group}";

    /// <summary>True when it serves the verb.</summary>
    public bool Can(string verb) => Verbs.Contains(verb);

    /// <summary>The path of all its objects, of a namespace, of one object, or of a subresource.</summary>
    /// <param name="space">The namespace; empty for all of them and for kinds that have none.</param>
    /// <param name="name">The object; empty for all.</param>
    /// <param name="subresource">Such as <c>scale</c>; empty for the object itself.</param>
    /// <exception cref="KubernetesException">400: a name that no path can have.</exception>
    public string Path(string space = "", string name = "", string subresource = "")
    {
        if (!IsNamespaced && space.Length > 0) throw KubernetesException.BadRequest($"{FullName} are in no namespace: leave it out.");
        if (IsNamespaced && name.Length > 0 && space.Length == 0) throw KubernetesException.BadRequest($"Say in which namespace the {Kind} '{name}' is.");
        var root = Group.Length == 0 ? "/api" : $"/apis/{Group}";
        return $"{root}/{Version}{Part("namespaces/", space, "namespace")}/{Name}{Part("", name, "name")}{Part("", subresource, "subresource")}";
    }

    /// <inheritdoc/>
    public override string ToString() => $"{ApiVersion} {Kind}";

    // What the API server itself refuses in a path (apimachinery, IsValidPathSegmentName); '..' would also change the path on its way.
    private static string Part(string before, string value, string what) => value switch
    {
        "" => "",
        "." or ".." => throw KubernetesException.BadRequest($"'{value}' is no {what}."),
        _ when value.Length > 253 || value.AsSpan().ContainsAny('/', '%') => throw KubernetesException.BadRequest($"A {what} has up to 253 characters, none of them '/' or '%'."),
        _ => $"/{before}{Uri.EscapeDataString(value)}",
    };
}
