namespace Control.Engine.Pipelines.Yaml;

/// <summary>A part of a YAML document that knows where it stands, so that every complaint can point at it.</summary>
/// <param name="Path">From the document's root, such as <c>stages[0].jobs.build</c>; empty for the root.</param>
/// <param name="Line">1-based.</param>
/// <param name="Column">1-based, in UTF-16 units as editors count.</param>
internal abstract record YamlNode(string Path, int Line, int Column)
{
    /// <summary>What it is, in the words of error messages.</summary>
    public abstract string Kind { get; }
}

/// <summary>Text, plain or quoted.</summary>
/// <param name="Path">From the document's root.</param>
/// <param name="Line">1-based.</param>
/// <param name="Column">1-based.</param>
/// <param name="Text">The value with quotes and escapes resolved; never reinterpreted, so <c>1.0</c> stays <c>1.0</c>.</param>
/// <param name="Plain">Not quoted: may stand for a number, a boolean or nothing.</param>
internal sealed record YamlScalar(string Path, int Line, int Column, string Text, bool Plain) : YamlNode(Path, Line, Column)
{
    /// <summary>Nothing was given (<c>key:</c>, <c>~</c> or <c>null</c>).</summary>
    public bool IsNull => Plain && (Text is "" or "~" or "null" or "Null" or "NULL");

    /// <inheritdoc/>
    public override string Kind => IsNull ? "nothing" : "text";
}

/// <summary>A list.</summary>
internal sealed record YamlList(string Path, int Line, int Column, ImmutableArray<YamlNode> Items) : YamlNode(Path, Line, Column)
{
    /// <inheritdoc/>
    public override string Kind => "a list";
}

/// <summary>A map with text keys, no two alike, in document order.</summary>
internal sealed record YamlMap(string Path, int Line, int Column, ImmutableArray<YamlEntry> Entries) : YamlNode(Path, Line, Column)
{
    /// <inheritdoc/>
    public override string Kind => "a map";
}

/// <summary>An entry of a map.</summary>
/// <param name="Key">A scalar whose path is that of the value, and whose position is that of the key.</param>
/// <param name="Value">What stands behind the colon.</param>
internal sealed record YamlEntry(YamlScalar Key, YamlNode Value);
