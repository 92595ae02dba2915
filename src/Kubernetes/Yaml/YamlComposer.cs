using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Control.Kubernetes.Yaml;

/// <summary>Makes JSON of the parser's events, within limits: depth, and how much short aliases stand for.</summary>
internal sealed class YamlComposer(string text)
{
    private const int Deepest = 100;
    private const int MostNodes = 1_000_000;
    private const long MostText = 2L * YamlDocument.LongestText;

    private readonly Parser _events = new(new Scanner(new StringReader(text), skipComments: true));
    private readonly Dictionary<AnchorName, Anchored> _anchors = [];
    private int _nodes;
    private long _text;

    private ParsingEvent Event => _events.Current ?? throw Fault("The text ends too early.");

    public IReadOnlyList<YamlDocument> All()
    {
        var documents = new List<YamlDocument>();
        try
        {
            Next();
            for (Next(); Event is DocumentStart start; Next())
            {
                _anchors.Clear();
                Next();
                documents.Add(new YamlDocument((int)start.Start.Line, Node(0)));
                Next();
            }
        }
        catch (YamlException fault)
        {
            throw new YamlFault(fault.Start.Line, fault.Start.Column, $"This is not valid YAML: {fault.Message}");
        }
        catch (Exception fault) when (fault is ArgumentException or InvalidOperationException or FormatException or OverflowException
            or IndexOutOfRangeException or NullReferenceException or InvalidCastException or KeyNotFoundException)
        {
            // The YAML library's scanner fails in these ways on some malformed texts.
            throw Fault("This is not valid YAML: the text near here cannot be read.");
        }

        return documents;
    }

    private void Next()
    {
        if (!_events.MoveNext()) throw Fault("The text ends too early.");
    }

    private JsonNode? Node(int depth)
    {
        CheckDepth(depth);
        if (Event is AnchorAlias alias) return Copy(alias, depth);
        Count(1, 0);
        var (nodes, text) = (_nodes, _text);
        var anchor = Event is NodeEvent { Anchor: { IsEmpty: false } name } ? name : AnchorName.Empty;
        var node = Event switch
        {
            Scalar scalar => Value(scalar),
            SequenceStart => List(depth),
            MappingStart => Map(depth),
            _ => throw Fault("Text, a list or a map is needed here."),
        };
        // Only once it is whole: an alias within itself has no end.
        if (!anchor.IsEmpty) _anchors[anchor] = new Anchored(node, _nodes - nodes + 1, _text - text, DepthOf(node));
        return node;
    }

    private void CheckDepth(int depth)
    {
        if (depth > Deepest) throw Fault($"Nesting is limited to {Deepest} levels.");
    }

    private static int DepthOf(JsonNode? node) => node switch
    {
        JsonArray list => 1 + list.Select(DepthOf).DefaultIfEmpty().Max(),
        JsonObject map => 1 + map.Select(entry => DepthOf(entry.Value)).DefaultIfEmpty().Max(),
        _ => 0,
    };

    private JsonNode? Copy(AnchorAlias alias, int depth)
    {
        if (!_anchors.TryGetValue(alias.Value, out var anchored)) throw Fault($"There is no anchor '{alias.Value}' before this.");
        CheckDepth(depth + anchored.Depth);
        Count(anchored.Nodes, anchored.Text);
        return anchored.Node?.DeepClone();
    }

    private void Count(int nodes, long text)
    {
        _nodes += nodes;
        _text += text;
        if (_nodes > MostNodes) throw Fault($"The text stands for more than {MostNodes} values.");
        if (_text > MostText) throw Fault($"The text stands for more than {MostText} characters.");
    }

    private JsonArray List(int depth)
    {
        var list = new JsonArray();
        for (Next(); Event is not SequenceEnd; Next()) list.Add(Node(depth + 1));
        return list;
    }

    private JsonObject Map(int depth)
    {
        var map = new JsonObject();
        List<JsonObject> merged = [];
        for (Next(); Event is not MappingEnd; Next())
        {
            var key = Key();
            Next();
            var value = Node(depth + 1);
            if (key is null) merged.AddRange(Merged(value));
            else if (!map.TryAdd(key, value)) throw Fault($"The key '{key}' stands here twice.");
        }

        // What the map says itself comes first, then the first of the merged ones.
        foreach (var (key, value) in merged.SelectMany(other => other))
        {
            if (map.ContainsKey(key)) continue;
            Count(1, key.Length);
            map.Add(key, value?.DeepClone());
        }

        return map;
    }

    // Null for the key that merges other maps into this one.
    private string? Key()
    {
        if (Event is not Scalar key) throw Fault("A key is text.");
        Count(1, 0);
        if (key is { Style: ScalarStyle.Plain, Value: "<<" }) return null;
        return Value(key) switch
        {
            null => "null",
            JsonValue value when value.TryGetValue<string>(out var text) => text,
            var value => value.ToJsonString(),
        };
    }

    private IEnumerable<JsonObject> Merged(JsonNode? value) => value switch
    {
        JsonObject map => [map],
        JsonArray list when list.All(item => item is JsonObject) => list.OfType<JsonObject>(),
        _ => throw Fault("'<<' takes a map, or a list of maps."),
    };

    private JsonNode? Value(Scalar scalar)
    {
        Count(0, scalar.Value.Length);
        var tag = scalar.Tag.IsEmpty || scalar.Tag.IsNonSpecific ? "" : scalar.Tag.Value;
        if (tag is not ("" or "tag:yaml.org,2002:str" or "tag:yaml.org,2002:int" or "tag:yaml.org,2002:float" or "tag:yaml.org,2002:bool" or "tag:yaml.org,2002:null"))
        {
            throw Fault($"The tag '{tag}' is not supported.");
        }

        if (tag == "tag:yaml.org,2002:str" || (tag.Length == 0 && scalar.Style != ScalarStyle.Plain)) return JsonValue.Create(scalar.Value);
        return YamlScalars.TryResolve(scalar.Value, out var value) ? value : throw Fault($"{scalar.Value} is a number that JSON does not have. Quote it if it is text.");
    }

    private YamlFault Fault(string message) => new(_events.Current?.Start.Line ?? 1, _events.Current?.Start.Column ?? 1, message);

    private readonly record struct Anchored(JsonNode? Node, int Nodes, long Text, int Depth);
}
