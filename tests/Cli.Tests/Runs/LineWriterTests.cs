using System.Text;
using Control.Cli.Output;
using Control.Cli.Runs;

namespace Control.Cli.Tests.Runs;

public sealed class LineWriterTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(100)]
    public void Write_AnyCutOfTheBytes_GivesTheSameLines(int piece)
    {
        using var written = new MemoryStream();
        var terminal = new Terminal { Out = written, Error = TextWriter.Null, In = TextReader.Null };
        var lines = new LineWriter(new CommandOutput(terminal, OutputFormat.Table, false, false), "a.b | ", new Lock());

        foreach (var part in Encoding.UTF8.GetBytes("first\n\nümlaut\nrest").Chunk(piece))
        {
            lines.Write(part);
        }

        lines.Flush();
        lines.Flush();
        Assert.Equal("a.b | first\na.b | \na.b | ümlaut\na.b | rest\n", Encoding.UTF8.GetString(written.ToArray()));
    }

    [Fact]
    public void Write_LineWithoutEnd_IsWrittenInPartsOfBoundedSize()
    {
        using var written = new MemoryStream();
        var terminal = new Terminal { Out = written, Error = TextWriter.Null, In = TextReader.Null };
        var lines = new LineWriter(new CommandOutput(terminal, OutputFormat.Table, false, false), "", new Lock());

        lines.Write(new byte[150_000]);

        Assert.Equal((2 * 65536) + 2, written.Length);
    }
}
