using System.Text.Json.Nodes;

namespace Control.Engine.Pipelines.Shapes;

/// <summary>A map of a definition with a fixed set of keys. One table of these drives both the parser and the JSON Schema.</summary>
/// <param name="Name">What it is called in the schema and, with an article, in messages.</param>
/// <param name="Description">For people, in the schema.</param>
/// <param name="Keys">Every key it may have.</param>
internal sealed record Shape(string Name, string Description, ImmutableArray<Key> Keys)
{
    /// <summary>The key of that name, or null.</summary>
    public Key? Find(string name) => Keys.FirstOrDefault(k => k.Name == name);
}

/// <summary>A key of a shape.</summary>
/// <param name="Name">As written in definitions.</param>
/// <param name="Description">For people, in the schema.</param>
/// <param name="Schema">Makes its JSON Schema; a function because JSON nodes have one parent only.</param>
/// <param name="Required">The shape is refused without it.</param>
internal sealed record Key(string Name, string Description, Func<JsonObject> Schema, bool Required = false);
