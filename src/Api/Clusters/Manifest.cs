using System.Text;
using System.Text.Json.Nodes;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Objects;
using Control.Kubernetes.Yaml;

namespace Control.Api.Clusters;

/// <summary>Reads the objects of a manifest: documents of YAML or JSON, and lists of objects in them.</summary>
internal static class Manifest
{
    /// <summary>Most objects that are taken at once.</summary>
    public const int MostObjects = 500;

    /// <exception cref="ControlException">It cannot be read; says where.</exception>
    public static ImmutableArray<KubernetesObject> Read(string text)
    {
        var documents = Documents(text);
        var errors = new List<FieldError>();
        var objects = ImmutableArray.CreateBuilder<KubernetesObject>();
        foreach (var document in documents.Where(document => document.Root is not null))
        {
            foreach (var root in Flatten(document.Root!)) Add(root, document.Line, objects, errors);
        }

        if (errors.Count == 0 && objects.Count is 0 or > MostObjects)
            errors.Add(new FieldError("manifest", $"Must have 1 to {MostObjects} objects, and has {objects.Count}."));
        return errors.Count == 0 ? objects.ToImmutable() : throw Outcomes.BadRequest([.. errors]);
    }

    private static IReadOnlyList<YamlDocument> Documents(string text)
    {
        try
        {
            return YamlDocument.ReadAll(text);
        }
        catch (YamlFault fault)
        {
            throw Outcomes.BadRequest(new FieldError("manifest", fault.Message, (int)fault.Line, (int)fault.Column));
        }
    }

    // As 'kubectl get -o yaml' writes several objects.
    private static IEnumerable<JsonNode?> Flatten(JsonNode root) =>
        root is JsonObject list && Text(list["kind"]) is "List" && list["items"] is JsonArray items ? items : [root];

    private static void Add(JsonNode? root, int line, ImmutableArray<KubernetesObject>.Builder objects, List<FieldError> errors)
    {
        try
        {
            var found = KubernetesObject.Parse(Encoding.UTF8.GetBytes(root?.ToJsonString() ?? "null"));
            if (found.Key.Name.Length > 0) objects.Add(found);
            else errors.Add(new FieldError("manifest", $"The {found.Kind} that begins at line {line} needs metadata.name: only what has a name can be applied.", line));
        }
        catch (KubernetesException fault)
        {
            errors.Add(new FieldError("manifest", $"The document that begins at line {line}: {fault.Message}", line));
        }
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
