using System.Text;

namespace Control.Engine.Pipelines.Yaml;

/// <summary>Collects everything that is wrong with a document, up to <see cref="PipelineLimits.Errors"/>.</summary>
internal sealed class Problems
{
    private const int QuotedLength = 60;
    private readonly List<FieldError> _errors = [];

    /// <summary>True while nothing is wrong.</summary>
    public bool None => _errors.Count == 0;

    /// <summary>True once further errors would be dropped, so that a reader may stop looking.</summary>
    public bool Full => _errors.Count >= PipelineLimits.Errors;

    /// <summary>Says what is wrong with a node; the message carries the cure.</summary>
    public void Add(YamlNode at, string message) => Add(at.Path, message, at.Line, at.Column);

    /// <summary>Says what is wrong at a place that has no node of its own, such as a missing key.</summary>
    public void Add(string path, string message, int line, int column)
    {
        if (!Full)
        {
            _errors.Add(new FieldError(path, message, line, column));
        }
    }

    /// <summary>All errors in document order.</summary>
    public ImmutableArray<FieldError> ToArray() => [.. _errors.OrderBy(e => e.Line).ThenBy(e => e.Column)];

    /// <summary>Input as shown in messages: quoted, cut at 60 characters, control characters made visible as <c>?</c>.</summary>
    public static string Quote(string text)
    {
        var shown = new StringBuilder("'");
        foreach (var c in text.AsSpan(0, Math.Min(text.Length, QuotedLength)))
        {
            shown.Append(char.IsControl(c) || char.IsSurrogate(c) ? '?' : c);
        }

        return shown.Append(text.Length > QuotedLength ? "…'" : "'").ToString();
    }
}
