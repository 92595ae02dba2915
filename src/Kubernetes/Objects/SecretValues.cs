using System.Text;
using System.Text.Json.Nodes;

namespace Control.Kubernetes.Objects;

/// <summary>Takes the values out of Secrets, for those who may see that they are there and not what they are.</summary>
public static class SecretValues
{
    // kubectl apply writes the whole object there again.
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    /// <summary>True for kinds whose values are secrets.</summary>
    public static bool IsSecret(string apiVersion, string kind) => apiVersion == "v1" && kind == "Secret";

    /// <summary>True for a path of <see cref="ObjectChanges"/> that leads to a value.</summary>
    public static bool IsValue(string path) => IsIn(path, "data") || IsIn(path, "stringData") || path.Contains(LastApplied, StringComparison.Ordinal);

    /// <summary>The object with its keys and without its values; others as they are.</summary>
    public static ReadOnlyMemory<byte> Hide(KubernetesObject shown)
    {
        if (!IsSecret(shown.ApiVersion, shown.Kind)) return shown.Json;
        var json = JsonNode.Parse(shown.Json.Span)!.AsObject();
        foreach (var field in (string[])["data", "stringData"])
        {
            if (json[field] is JsonObject values) json[field] = new JsonObject(values.Select(value => KeyValuePair.Create(value.Key, (JsonNode?)null)));
            else if (json[field] is not null) json[field] = null;
        }

        if (json["metadata"] is JsonObject metadata && metadata["annotations"] is JsonObject annotations) annotations.Remove(LastApplied);
        return Encoding.UTF8.GetBytes(json.ToJsonString());
    }

    private static bool IsIn(string path, string field) =>
        path.StartsWith(field, StringComparison.Ordinal) && (path.Length == field.Length || path[field.Length] is '.' or '[');
}
