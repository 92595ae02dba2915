using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads one map by its shape. What is wrong goes to the problems and a harmless value comes back, so reading goes on.</summary>
internal sealed class MapReader
{
    private readonly YamlMap _map;
    private readonly Shape _shape;

    private MapReader(YamlMap map, Shape shape, Problems problems)
    {
        _map = map;
        _shape = shape;
        Problems = problems;
    }

    /// <summary>Where complaints go.</summary>
    public Problems Problems { get; }

    /// <summary>The map itself, for complaints about it.</summary>
    public YamlMap Map => _map;

    /// <summary>Checks that the node is a map, has no unknown keys and misses none; null when it is no map.</summary>
    public static MapReader? Open(YamlNode node, Shape shape, Problems problems)
    {
        if (node is not YamlMap map)
        {
            problems.Add(node, $"A {shape.Name} is a map with some of the keys {Names(shape)}; here is {node.Kind}.");
            return null;
        }

        foreach (var entry in map.Entries.Where(e => shape.Find(e.Key.Text) is null))
        {
            problems.Add(entry.Key, Unknown(entry.Key.Text, shape));
        }

        foreach (var key in shape.Keys.Where(k => k.Required && map.Entries.All(e => e.Key.Text != k.Name)))
        {
            var path = map.Path.Length == 0 ? key.Name : $"{map.Path}.{key.Name}";
            problems.Add(path, $"A {shape.Name} needs '{key.Name}'. {key.Description}", map.Line, map.Column);
        }

        return new MapReader(map, shape, problems);
    }

    /// <summary>The value of a key, or null when it is not there. The key must be in the shape's table.</summary>
    public YamlNode? Find(string key)
    {
        System.Diagnostics.Debug.Assert(_shape.Find(key) is not null, $"{_shape.Name}.{key} is missing in the table of shapes");
        return _map.Entries.FirstOrDefault(e => e.Key.Text == key)?.Value;
    }

    /// <summary>Text of limited length in characters.</summary>
    public string Text(string key, string fallback, int maxLength)
    {
        if (Find(key) is not { } node || Value.Text(node, Problems) is not { } text)
        {
            return fallback;
        }

        if (text.Length > maxLength)
        {
            Problems.Add(node, $"This is {text.Length} characters long; up to {maxLength} are allowed.");
        }

        return text;
    }

    /// <summary>Text that a check accepts; the check says what is wrong, or null.</summary>
    public string? Checked(string key, Func<string, string?> check) => Find(key) is { } node ? Value.Checked(node, Problems, check) : null;

    /// <summary>A duration in seconds within bounds.</summary>
    public int Seconds(string key, int fallback, int min, int max) => Find(key) is { } node ? Value.Seconds(node, Problems, min, max) : fallback;

    /// <summary>A whole number within bounds.</summary>
    public int Number(string key, int fallback, int min, int max) => Find(key) is { } node ? Value.Number(node, Problems, min, max) : fallback;

    /// <summary>True or false.</summary>
    public bool Flag(string key, bool fallback) => Find(key) is { } node ? Value.Flag(node, Problems) : fallback;

    /// <summary>One of some words, the first of which is the default.</summary>
    public string Word(string key, params ReadOnlySpan<string> words) => Find(key) is { } node ? Value.Word(node, Problems, words) : words[0];

    /// <summary>Environment variables.</summary>
    public ImmutableArray<EnvVar> Env() => Find("env") is { } node ? EnvReader.Env(node, Problems) : [];

    /// <summary>A list of checked texts, none twice.</summary>
    public ImmutableArray<string> Set(string key, int max, Func<string, string?> check)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var values = ImmutableArray.CreateBuilder<string>();
        foreach (var item in Items(key, max))
        {
            if (Value.Checked(item, Problems, check) is not { } value)
            {
                continue;
            }

            if (seen.Add(value))
            {
                values.Add(value);
            }
            else
            {
                Problems.Add(item, $"{Problems.Quote(value)} is here twice. Remove one.");
            }
        }

        return values.DrainToImmutable();
    }

    /// <summary>The items of a list of limited length; none when the key is not there.</summary>
    public ImmutableArray<YamlNode> Items(string key, int max) => Find(key) is { } node ? Value.Items(node, Problems, max) : [];

    /// <summary>The entries of a map with keys that people choose; none when the key is not there.</summary>
    public ImmutableArray<YamlEntry> Entries(string key, int max, Func<string, string?> checkKey) =>
        Find(key) is { } node ? Value.Entries(node, Problems, max, checkKey) : [];

    private static string Unknown(string key, Shape shape) => Suggestion.Nearest(key, shape.Keys.Select(k => k.Name)) is { } meant
        ? $"A {shape.Name} has no key {Problems.Quote(key)}. Did you mean '{meant}'?"
        : $"A {shape.Name} has no key {Problems.Quote(key)}. Its keys are {Names(shape)}.";

    private static string Names(Shape shape) => string.Join(", ", shape.Keys.Select(k => k.Name));
}
