using System.Collections.Immutable;
using System.Text.Json;
using Control.Kubernetes.Errors;

namespace Control.Kubernetes.Objects;

/// <summary>A page of a list.</summary>
/// <param name="Items">In the server's order: by namespace and name.</param>
/// <param name="ResourceVersion">From where a watch goes on.</param>
/// <param name="Continue">Asks for the next page; empty on the last one.</param>
/// <param name="Remaining">How many come after this page; null when the server does not say, as with selectors.</param>
public sealed record ObjectPage(ImmutableArray<KubernetesObject> Items, string ResourceVersion, string Continue, long? Remaining)
{
    // Items are cut out of the list's text: a tree of it would be several times as large.
    internal static ObjectPage Parse(ReadOnlyMemory<byte> json, string apiVersion, string kind)
    {
        try
        {
            return Read(json, apiVersion, kind);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw KubernetesException.Unreachable($"The API server's list cannot be read: {fault.Message}", fault);
        }
    }

    private static ObjectPage Read(ReadOnlyMemory<byte> json, string apiVersion, string kind)
    {
        var items = ImmutableArray.CreateBuilder<KubernetesObject>();
        JsonElement metadata = default;
        var isList = false;
        var reader = new Utf8JsonReader(json.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("it is no list");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("items"u8))
            {
                ReadItems(ref reader, json, apiVersion, kind, items);
                isList = true;
            }
            else if (reader.ValueTextEquals("metadata"u8)) metadata = JsonElement.ParseValue(ref reader);
            else reader.Skip();
        }

        // Whatever else it is: taken for an empty list, it would say that everything is gone.
        if (!isList) throw new JsonException("it has no items");
        return new ObjectPage(
            items.DrainToImmutable(),
            metadata.Text("resourceVersion") ?? "",
            metadata.Text("continue") ?? "",
            metadata.Child("remainingItemCount") is { ValueKind: JsonValueKind.Number } count && count.TryGetInt64(out var remaining) ? remaining : null);
    }

    // An empty list may be null.
    private static void ReadItems(ref Utf8JsonReader reader, ReadOnlyMemory<byte> json, string apiVersion, string kind, ImmutableArray<KubernetesObject>.Builder items)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Null) return;
        if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("its items are no list");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.StartObject) throw new JsonException("one of its items is no object");
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            items.Add(KubernetesObject.Parse(json[start..(int)reader.BytesConsumed].ToArray(), apiVersion, kind));
        }
    }
}
