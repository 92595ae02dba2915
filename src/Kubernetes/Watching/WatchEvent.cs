using System.Text.Json;
using Control.Kubernetes.Discovery;
using Control.Kubernetes.Errors;
using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Watching;

/// <summary>What a watch tells (kubernetes.io, "Kubernetes API Concepts", section Efficient detection of changes).</summary>
/// <param name="Type">What happened.</param>
/// <param name="Object">The object after it, or as it last was; of a bookmark only its resourceVersion counts.</param>
public sealed record WatchEvent(WatchEventType Type, KubernetesObject Object)
{
    internal static WatchEvent Parse(ReadOnlyMemory<byte> line, ApiResource kind)
    {
        try
        {
            var (type, json) = Split(line);
            return type switch
            {
                "ADDED" => new WatchEvent(WatchEventType.Added, KubernetesObject.Parse(json, kind.ApiVersion, kind.Kind)),
                "MODIFIED" => new WatchEvent(WatchEventType.Modified, KubernetesObject.Parse(json, kind.ApiVersion, kind.Kind)),
                "DELETED" => new WatchEvent(WatchEventType.Deleted, KubernetesObject.Parse(json, kind.ApiVersion, kind.Kind)),
                "BOOKMARK" => new WatchEvent(WatchEventType.Bookmark, KubernetesObject.Parse(json, kind.ApiVersion, kind.Kind)),
                "ERROR" => throw new KubernetesException(KubernetesStatus.Read(500, json.Span)),
                _ => throw KubernetesException.Unreachable($"The watch told of '{type}', which is unknown."),
            };
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw KubernetesException.Unreachable($"An event of the watch cannot be read: {fault.Message}", fault);
        }
    }

    private static (string Type, ReadOnlyMemory<byte> Json) Split(ReadOnlyMemory<byte> line)
    {
        var (type, json) = ("", ReadOnlyMemory<byte>.Empty);
        var reader = new Utf8JsonReader(line.Span);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type = reader.GetString() ?? "";
            }
            else if (reader.ValueTextEquals("object"u8))
            {
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                json = line[start..(int)reader.BytesConsumed];
            }
            else
            {
                reader.Skip();
            }
        }

        return (type, json);
    }
}

/// <summary>What happened to an object.</summary>
public enum WatchEventType
{
    /// <summary>It is new, or begins to match the selector.</summary>
    Added = 1,

    /// <summary>It changed.</summary>
    Modified,

    /// <summary>It is gone, or no longer matches.</summary>
    Deleted,

    /// <summary>Nothing: all changes up to this version have been told.</summary>
    Bookmark,
}
