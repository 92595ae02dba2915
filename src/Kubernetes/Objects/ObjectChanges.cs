using System.Collections.Immutable;
using System.Text.Json;

namespace Control.Kubernetes.Objects;

/// <summary>What differs between two states of an object, as people mean it: without what every write changes.</summary>
public static class ObjectChanges
{
    /// <summary>The most that are told of one object; more do not help anybody to read them.</summary>
    public const int Most = 200;

    private static readonly ImmutableHashSet<string> Bookkeeping =
        ["metadata.managedFields", "metadata.resourceVersion", "metadata.generation", "metadata.uid", "metadata.creationTimestamp", "status"];

    /// <summary>The fields that differ, in order of their paths, up to <see cref="Most"/>.</summary>
    /// <param name="before">Null for an object that was not there.</param>
    /// <param name="after">The object now.</param>
    public static ImmutableArray<ObjectChange> Between(KubernetesObject? before, KubernetesObject after)
    {
        var changes = new List<ObjectChange>();
        Compare("", before?.Read(), after.Read(), changes);
        return [.. changes];
    }

    private static void Compare(string path, JsonElement? before, JsonElement? after, List<ObjectChange> changes)
    {
        if (changes.Count >= Most || Bookkeeping.Contains(path)) return;
        // Of what comes or goes as a whole each field is told: the bookkeeping in it is not, and paths lead to values.
        if (IsTree(before) && IsTree(after) && (HasFields(before) || HasFields(after)))
        {
            CompareFields(path, before, after, changes);
        }
        else if (before is { ValueKind: JsonValueKind.Array } these && after is { ValueKind: JsonValueKind.Array } those && these.GetArrayLength() == those.GetArrayLength())
        {
            for (var i = 0; i < these.GetArrayLength(); i++) Compare($"{path}[{i}]", these[i], those[i], changes);
        }
        else if (before is not { } was || after is not { } now || !JsonElement.DeepEquals(was, now))
        {
            changes.Add(new ObjectChange(path, before, after));
        }
    }

    private static void CompareFields(string path, JsonElement? before, JsonElement? after, List<ObjectChange> changes)
    {
        foreach (var name in Names(before).Concat(Names(after)).Distinct().Order(StringComparer.Ordinal))
            Compare(Join(path, name), Field(before, name), Field(after, name), changes);
    }

    private static bool IsTree(JsonElement? value) => value is null or { ValueKind: JsonValueKind.Object };

    private static bool HasFields(JsonElement? tree) => Names(tree).Any();

    private static IEnumerable<string> Names(JsonElement? tree) => tree?.EnumerateObject().Select(field => field.Name) ?? [];

    private static JsonElement? Field(JsonElement? tree, string name) => tree is { } there && there.TryGetProperty(name, out var field) ? field : null;

    // Names with dots, as labels have, are told apart from paths.
    private static string Join(string path, string name) =>
        name.Contains('.', StringComparison.Ordinal) ? $"{path}['{name}']" : path.Length == 0 ? name : $"{path}.{name}";
}

/// <summary>A field that differs.</summary>
/// <param name="Path">Such as <c>spec.template.spec.containers[0].image</c>.</param>
/// <param name="Before">Null when there was none.</param>
/// <param name="After">Null when there is none any more.</param>
public sealed record ObjectChange(string Path, JsonElement? Before, JsonElement? After);
