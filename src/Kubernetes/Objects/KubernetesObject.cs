using System.Text;
using System.Text.Json;
using Control.Kubernetes.Errors;

namespace Control.Kubernetes.Objects;

/// <summary>
/// An object of any kind: its JSON as it came, and the few fields by which it is told from others. Kept as bytes, so that a list of
/// thousands costs what it weighs and no more.
/// </summary>
public sealed class KubernetesObject
{
    private KubernetesObject(ReadOnlyMemory<byte> json, string apiVersion, string kind, ObjectKey key, string uid, string resourceVersion) =>
        (Json, ApiVersion, Kind, Key, Uid, ResourceVersion) = (json, apiVersion, kind, key, uid, resourceVersion);

    /// <summary>UTF-8, with apiVersion and kind even where it came in a list, which leaves them out.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>Such as <c>v1</c> or <c>apps/v1</c>.</summary>
    public string ApiVersion { get; }

    /// <summary>Such as <c>Pod</c>.</summary>
    public string Kind { get; }

    /// <summary>Its place among others of its kind.</summary>
    public ObjectKey Key { get; }

    /// <summary>Differs between an object and one of the same name after it; empty before it was created.</summary>
    public string Uid { get; }

    /// <summary>Changes with every change; to be compared for equality only. Empty before it was created.</summary>
    public string ResourceVersion { get; }

    /// <summary>Reads one object.</summary>
    /// <exception cref="KubernetesException">It is not JSON, or no object of Kubernetes.</exception>
    public static KubernetesObject Parse(ReadOnlyMemory<byte> json) => Parse(json, "", "");

    /// <summary>All of it, read anew with every call: who needs it repeatedly keeps it.</summary>
    public JsonElement Read()
    {
        var reader = new Utf8JsonReader(Json.Span);
        return JsonElement.ParseValue(ref reader);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Key}";

    // Those of a list are all of one kind, and do not say so themselves.
    internal static KubernetesObject Parse(ReadOnlyMemory<byte> json, string apiVersion, string kind)
    {
        try
        {
            var head = Head.Read(json.Span);
            if (head.Kind.Length == 0 && kind.Length > 0)
            {
                json = WithType(json, apiVersion, kind);
                head = head with { ApiVersion = apiVersion, Kind = kind };
            }

            return head.ApiVersion.Length > 0 && head.Kind.Length > 0
                ? new KubernetesObject(json, head.ApiVersion, head.Kind, new ObjectKey(head.Namespace, head.Name), head.Uid, head.ResourceVersion)
                : throw KubernetesException.BadRequest("An object of Kubernetes has the fields apiVersion and kind.");
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw KubernetesException.BadRequest($"This is no object of Kubernetes: {fault.Message}");
        }
    }

    private static byte[] WithType(ReadOnlyMemory<byte> json, string apiVersion, string kind)
    {
        var rest = json.Span[(json.Span.IndexOf((byte)'{') + 1)..];
        var isEmpty = rest.TrimStart(" \t\r\n"u8) is [(byte)'}', ..];
        var type = Encoding.UTF8.GetBytes($$"""{"apiVersion":{{JsonSerializer.Serialize(apiVersion)}},"kind":{{JsonSerializer.Serialize(kind)}}{{(isEmpty ? "" : ",")}}""");
        return [.. type, .. rest];
    }

    private readonly record struct Head(string ApiVersion, string Kind, string Namespace, string Name, string Uid, string ResourceVersion)
    {
        public static Head Read(ReadOnlySpan<byte> json)
        {
            var head = new Head("", "", "", "", "", "");
            var reader = new Utf8JsonReader(json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("not an object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("apiVersion"u8)) head = head with { ApiVersion = Text(ref reader) };
                else if (reader.ValueTextEquals("kind"u8)) head = head with { Kind = Text(ref reader) };
                else if (reader.ValueTextEquals("metadata"u8)) head = head.WithMetadata(ref reader);
                else reader.Skip();
            }

            return reader.BytesConsumed == json.Length || json[(int)reader.BytesConsumed..].Trim(" \t\r\n"u8).IsEmpty ? head : throw new JsonException("something follows the object");
        }

        private Head WithMetadata(ref Utf8JsonReader reader)
        {
            var head = this;
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                reader.Skip();
                return head;
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("name"u8)) head = head with { Name = Text(ref reader) };
                else if (reader.ValueTextEquals("namespace"u8)) head = head with { Namespace = Text(ref reader) };
                else if (reader.ValueTextEquals("uid"u8)) head = head with { Uid = Text(ref reader) };
                else if (reader.ValueTextEquals("resourceVersion"u8)) head = head with { ResourceVersion = Text(ref reader) };
                else reader.Skip();
            }

            return head;
        }

        private static string Text(ref Utf8JsonReader reader)
        {
            reader.Read();
            if (reader.TokenType == JsonTokenType.String) return reader.GetString()!;
            reader.Skip();
            return "";
        }
    }
}
