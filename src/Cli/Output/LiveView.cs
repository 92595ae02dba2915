using System.Text;

namespace Control.Cli.Output;

/// <summary>Lines that are drawn again in place. More lines than the terminal has are cut at the top, where all is settled.</summary>
internal sealed class LiveView(CommandOutput output)
{
    private int _drawn;

    public void Draw(IReadOnlyList<string> lines)
    {
        var room = Math.Max(1, output.Height - 1);
        Write(lines.Count <= room ? lines : [.. lines.Skip(lines.Count - room)]);
    }

    /// <summary>Draws for the last time, all lines.</summary>
    public void Finish(IReadOnlyList<string> lines)
    {
        Write(lines);
        _drawn = 0;
    }

    private void Write(IReadOnlyList<string> lines)
    {
        // Without wrapping a long line stays one line, so the way back up is known.
        var text = new StringBuilder("\e[?7l");
        if (_drawn > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\e[{_drawn}A");
        }

        text.Append("\r\e[J");
        foreach (var line in lines)
        {
            text.Append(line).Append('\n');
        }

        output.Text(text.Append("\e[?7h").ToString());
        _drawn = lines.Count;
    }
}
