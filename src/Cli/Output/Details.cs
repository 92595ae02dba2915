using System.Text;

namespace Control.Cli.Output;

/// <summary>One object as a list of names and values.</summary>
internal sealed class Details
{
    private readonly List<(string Name, Cell Value)> _lines = [];

    /// <summary>Adds a line; a value that is not there is left out.</summary>
    public Details Add(string name, Cell value)
    {
        if (!string.IsNullOrEmpty(value.Text))
        {
            _lines.Add((name, value with { Text = Texts.Clean(value.Text) }));
        }

        return this;
    }

    public string Render(bool color)
    {
        var width = _lines.Count == 0 ? 0 : _lines.Max(line => line.Name.Length);
        var text = new StringBuilder();
        foreach (var (name, value) in _lines)
        {
            text.Append(Tone.Faint.Paint(name, color)).Append(' ', width - name.Length + 2);
            text.Append(value.Tone.Paint(value.Text!, color)).Append('\n');
        }

        return text.ToString();
    }
}
