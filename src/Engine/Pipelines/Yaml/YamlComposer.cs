using System.Text;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Control.Engine.Pipelines.Yaml;

/// <summary>
/// Reads the one document of a YAML or JSON text into nodes. It works on the parser's events, so depth is limited before
/// the text gets to decide about our stack, and it refuses anchors, aliases and tags: definitions have no use for them, and
/// aliases let a short text stand for a huge one.
/// </summary>
internal sealed class YamlComposer
{
    private readonly IParser _events;
    private readonly TextPositions _positions;
    private readonly Problems _problems;

    private YamlComposer(string text, Problems problems)
    {
        _events = new Parser(new Scanner(new StringReader(text), skipComments: true));
        _positions = new TextPositions(text);
        _problems = problems;
    }

    /// <summary>The document, or null after a problem that leaves nothing to look at.</summary>
    public static YamlNode? Compose(string text, Problems problems)
    {
        var composer = new YamlComposer(text, problems);
        try
        {
            return composer.Document();
        }
        catch (YamlException e)
        {
            composer.Report("", e.Start, $"This is not valid YAML: {e.Message}");
        }
        catch (RefusedException)
        {
            // Reported where it was found.
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or FormatException or OverflowException
            or IndexOutOfRangeException or NullReferenceException or InvalidCastException or KeyNotFoundException)
        {
            // The YAML library's scanner fails in these ways on some malformed texts; the text is at fault, not the caller.
            composer.Report("", composer._events.Current?.End ?? Mark.Empty, "This is not valid YAML. The text near here cannot be read.");
        }

        return null;
    }

    private YamlNode? Document()
    {
        Next();
        Next();
        if (_events.Current is not DocumentStart)
        {
            Report("", Mark.Empty, "The definition is empty. It needs at least 'stages'.");
            return null;
        }

        Next();
        var root = Node("", 0);
        Next();
        Next();
        if (_events.Current is DocumentStart second)
        {
            Refuse("", second.Start, "A definition is one YAML document. Remove this '---' and what follows.");
        }

        return root;
    }

    private YamlNode Node(string path, int depth)
    {
        var start = Event().Start;
        var (line, column) = _positions.Of(start.Index);
        if (depth > PipelineLimits.Depth)
        {
            Refuse(path, start, $"Nesting is limited to {PipelineLimits.Depth} levels.");
        }

        CheckDecoration(path);
        return Event() switch
        {
            Scalar scalar => Text(path, scalar),
            SequenceStart => new YamlList(path, line, column, Items(path, depth)),
            MappingStart => new YamlMap(path, line, column, Entries(path, depth)),
            _ => throw Refuse(path, start, "Text, a list or a map is needed here."),
        };
    }

    private void CheckDecoration(string path)
    {
        switch (Event())
        {
            case AnchorAlias alias:
                throw Refuse(path, alias.Start, "Aliases (*name) are not supported. Write the value out.");
            case NodeEvent { Anchor.IsEmpty: false } node:
                throw Refuse(path, node.Start, "Anchors (&name) are not supported. Remove it.");
            case NodeEvent { Tag: { IsEmpty: false, IsNonSpecific: false } } node:
                throw Refuse(path, node.Start, "Tags (!name) are not supported. Remove it; quote a value that must be text.");
        }
    }

    private YamlScalar Text(string path, Scalar scalar)
    {
        var (line, column) = _positions.Of(scalar.Start.Index);
        var node = new YamlScalar(path, line, column, scalar.Value, scalar.Style == ScalarStyle.Plain);
        if (scalar.Value.Contains('\0') || !IsWellFormed(scalar.Value))
        {
            _problems.Add(node, "Text must not contain NUL or half of a surrogate pair. Remove the character.");
        }

        return node;
    }

    private ImmutableArray<YamlNode> Items(string path, int depth)
    {
        var items = ImmutableArray.CreateBuilder<YamlNode>();
        for (Next(); Event() is not SequenceEnd; Next())
        {
            items.Add(Node($"{path}[{items.Count}]", depth + 1));
        }

        return items.DrainToImmutable();
    }

    private ImmutableArray<YamlEntry> Entries(string path, int depth)
    {
        var entries = ImmutableArray.CreateBuilder<YamlEntry>();
        var firstLines = new Dictionary<string, int>(StringComparer.Ordinal);
        for (Next(); Event() is not MappingEnd; Next())
        {
            var entry = Entry(path, depth);
            if (firstLines.TryAdd(entry.Key.Text, entry.Key.Line))
            {
                entries.Add(entry);
            }
            else
            {
                _problems.Add(entry.Key, $"{Problems.Quote(entry.Key.Text)} is here twice, first in line {firstLines[entry.Key.Text]}. Remove one.");
            }
        }

        return entries.DrainToImmutable();
    }

    private YamlEntry Entry(string path, int depth)
    {
        CheckDecoration(path);
        if (Event() is not Scalar name)
        {
            throw Refuse(path, Event().Start, "A key must be text.");
        }

        var key = Text(ChildPath(path, name.Value), name);
        Next();
        return new YamlEntry(key, Node(key.Path, depth + 1));
    }

    private static string ChildPath(string path, string key)
    {
        var plain = key.Length is > 0 and <= ResourceName.MaxLength && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
        return plain ? path.Length == 0 ? key : $"{path}.{key}" : $"{path}[{Problems.Quote(key)}]";
    }

    private static bool IsWellFormed(string text)
    {
        var rest = text.AsSpan();
        while (Rune.DecodeFromUtf16(rest, out _, out var used) == System.Buffers.OperationStatus.Done)
        {
            rest = rest[used..];
        }

        return rest.IsEmpty;
    }

    private ParsingEvent Event() => _events.Current ?? throw new InvalidOperationException("The text ends too early.");

    private void Next() => _events.MoveNext();

    private RefusedException Refuse(string path, Mark at, string message)
    {
        Report(path, at, message);
        throw new RefusedException();
    }

    private void Report(string path, Mark at, string message)
    {
        var (line, column) = _positions.Of(at.Index);
        _problems.Add(path, message, line, column);
    }

    /// <summary>Leaves the recursion after a problem that makes the rest of the text meaningless.</summary>
    private sealed class RefusedException : Exception;
}
