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
        if (before is { ValueKind: JsonValueKind.Object } one && after is { ValueKind: JsonValueKind.Object } other)
        {
            CompareFields(path, one, other, changes);
        }
        else if (before is { ValueKind: JsonValueKind.Array } these && after is { ValueKind: JsonValueKind.Array } those && these.GetArrayLength() == those.GetArrayLength())
        {
            for (var i = 0; i < these.GetArrayLength(); i++) Compare($"{path}[{i}]", these[i], those[i], changes);
        }
        else if (before is not { } was || after is not { } now || !JsonElement.DeepEquals(was, now))
        {
            Tell(path, before, after, changes);
        }
    }

    private static void CompareFields(string path, JsonElement before, JsonElement after, List<ObjectChange> changes)
    {
        var names = before.EnumerateObject().Concat(after.EnumerateObject()).Select(field => field.Name).Distinct().Order(StringComparer.Ordinal);
        foreach (var name in names) Compare(Join(path, name), Field(before, name), Field(after, name), changes);
    }

    // Of what is new as a whole each field is told; the bookkeeping in it is not.
    private static void Tell(string path, JsonElement? before, JsonElement? after, List<ObjectChange> changes)
    {
        if (before is null && after is { ValueKind: JsonValueKind.Object } added && added.EnumerateObject().Any())
        {
            foreach (var field in added.EnumerateObject()) Compare(Join(path, field.Name), null, field.Value, changes);
        }
        else
        {
            changes.Add(new ObjectChange(path, before, after));
        }
    }

    private static JsonElement? Field(JsonElement owner, string name) => owner.TryGetProperty(name, out var field) ? field : null;

    // Names with dots, as labels have, are told apart from paths.
    private static string Join(string path, string name) =>
        name.Contains('.', StringComparison.Ordinal) ? $"{path}['{name}']" : path.Length == 0 ? name : $"{path}.{name}";
}

/// <summary>A field that differs.</summary>
/// <param name="Path">Such as <c>spec.template.spec.containers[0].image</c>.</param>
/// <param name="Before">Null when there was none.</param>
/// <param name="After">Null when there is none any more.</param>
public sealed record ObjectChange(string Path, JsonElement? Before, JsonElement? After);
