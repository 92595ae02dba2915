namespace Control.Engine.Pipelines.Yaml;

/// <summary>Turns offsets into lines and columns. Lines end at LF, CR LF or CR, as editors have it.</summary>
internal sealed class TextPositions
{
    private readonly List<int> _lineStarts = [0];
    private readonly int _length;

    /// <summary>Finds the lines of <paramref name="text"/>.</summary>
    public TextPositions(string text)
    {
        _length = text.Length;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n' || (text[i] == '\r' && (i + 1 == text.Length || text[i + 1] != '\n')))
            {
                _lineStarts.Add(i + 1);
            }
        }
    }

    /// <summary>The 1-based line and column of an offset; offsets outside of the text count as its nearest end.</summary>
    public (int Line, int Column) Of(long offset)
    {
        var position = (int)Math.Clamp(offset, 0, _length);
        var found = _lineStarts.BinarySearch(position);
        var line = found >= 0 ? found : ~found - 1;
        return (line + 1, position - _lineStarts[line] + 1);
    }
}
