using System.Text.Json;
using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Discovery;

/// <summary>
/// Reads what an API server's discovery answers. Since Kubernetes 1.27 one answer has it all (aggregated discovery, KEP-3352, with the
/// media types of version 1.26 and 1.30); before, groups are listed and each group version asked.
/// </summary>
internal static class ApiDiscovery
{
    /// <summary>Asks for one answer with everything, and takes the list of groups where that is not there.</summary>
    public const string Accept =
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

    public static bool IsAggregated(JsonElement answer) => answer.Text("kind") == "APIGroupDiscoveryList";

    /// <summary>Kinds of an aggregated answer, and the group versions in it that are stale.</summary>
    public static ApiCatalog ReadAggregated(JsonElement answer)
    {
        var versions = answer.Items("items").SelectMany(group => group.Items("versions").Select(version => (Group: group.Child("metadata").Text("name") ?? "", Version: version))).ToList();
        return new ApiCatalog(
            [.. versions.SelectMany(one => one.Version.Items("resources").Select(resource => ReadAggregated(resource, one.Group, one.Version.Text("version") ?? ""))).OfType<ApiResource>()],
            [.. versions.Where(one => one.Version.Text("freshness") == "Stale").Select(one => Join(one.Group, one.Version.Text("version") ?? ""))]);
    }

    /// <summary>The group versions of an answer to <c>/api</c> or <c>/apis</c>, the preferred one of each group first.</summary>
    public static IEnumerable<(string Group, string Version)> ReadVersions(JsonElement answer) => answer.Texts("versions").Select(version => ("", version))
        .Concat(answer.Items("groups").SelectMany(group =>
        {
            var preferred = group.Child("preferredVersion").Text("version");
            return group.Items("versions").Select(version => version.Text("version") ?? "")
                .OrderByDescending(version => version == preferred)
                .Select(version => (group.Text("name") ?? "", version));
        }));

    /// <summary>The kinds of a group version, each with its subresources.</summary>
    public static IEnumerable<ApiResource> ReadKinds(JsonElement answer, string group, string version)
    {
        var subresources = answer.Items("resources").Select(resource => (resource.Text("name") ?? "").Split('/', 2)).Where(name => name.Length == 2)
            .ToLookup(name => name[0], name => name[1]);
        return answer.Items("resources").Select(resource => Read(resource, group, version) is { } kind ? kind with { Subresources = [.. subresources[kind.Name]] } : null).OfType<ApiResource>();
    }

    public static string Join(string group, string version) => group.Length == 0 ? version : $"{group}/{version}";

    private static ApiResource? Read(JsonElement resource, string group, string version) =>
        (resource.Text("name"), resource.Text("kind")) is ({ Length: > 0 } name, { Length: > 0 } kind) && !name.Contains('/', StringComparison.Ordinal)
            ? new ApiResource
            {
                Group = group,
                Version = version,
                Name = name,
                Kind = kind,
                IsNamespaced = resource.Flag("namespaced"),
                Singular = resource.Text("singularName") ?? "",
                Verbs = [.. resource.Texts("verbs")],
                ShortNames = [.. resource.Texts("shortNames")],
                Categories = [.. resource.Texts("categories")],
            }
            : null;

    private static ApiResource? ReadAggregated(JsonElement resource, string group, string version) =>
        (resource.Text("resource"), resource.Child("responseKind").Text("kind")) is ({ Length: > 0 } name, { Length: > 0 } kind)
            ? new ApiResource
            {
                Group = group,
                Version = version,
                Name = name,
                Kind = kind,
                IsNamespaced = resource.Text("scope") == "Namespaced",
                Singular = resource.Text("singularResource") ?? "",
                Verbs = [.. resource.Texts("verbs")],
                ShortNames = [.. resource.Texts("shortNames")],
                Categories = [.. resource.Texts("categories")],
                Subresources = [.. resource.Items("subresources").Select(one => one.Text("subresource")).OfType<string>()],
            }
            : null;
}
