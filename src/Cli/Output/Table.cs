using System.Text;

namespace Control.Cli.Output;

/// <summary>One cell.</summary>
/// <param name="Text">Shown cleaned.</param>
/// <param name="Tone">Its colour.</param>
internal readonly record struct Cell(string? Text, Tone Tone = Tone.Plain)
{
    public static implicit operator Cell(string? text) => new(text);
}

/// <summary>A table of <typeparamref name="T"/>: aligned columns, two blanks between, no lines.</summary>
internal sealed class Table<T>(params (string Header, Func<T, Cell> Cell)[] columns)
{
    public string Render(IEnumerable<T> items, bool color)
    {
        var rows = items
            .Select(item => columns.Select(column => Clean(column.Cell(item))).ToArray())
            .Prepend(columns.Select(column => new Cell(column.Header, Tone.Faint)).ToArray())
            .ToList();
        var widths = columns.Select((_, i) => rows.Max(row => row[i].Text!.Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in rows)
        {
            AppendRow(text, row, widths, color);
        }

        return text.ToString();
    }

    private static void AppendRow(StringBuilder text, Cell[] row, int[] widths, bool color)
    {
        var last = Array.FindLastIndex(row, cell => cell.Text!.Length > 0);
        for (var i = 0; i <= last; i++)
        {
            text.Append(row[i].Tone.Paint(row[i].Text!, color));
            if (i < last)
            {
                text.Append(' ', widths[i] - row[i].Text!.Length + 2);
            }
        }

        text.Append('\n');
    }

    private static Cell Clean(Cell cell) => cell with { Text = string.IsNullOrEmpty(cell.Text) ? "-" : Texts.Clean(cell.Text) };
}
