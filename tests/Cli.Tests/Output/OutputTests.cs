using System.Text.Json;
using Control.Cli.Output;
using YamlDotNet.RepresentationModel;

namespace Control.Cli.Tests.Output;

public sealed class OutputTests
{
    [Fact]
    public void Table_Rows_AreAlignedWithoutTrailingBlanks()
    {
        var table = new Table<(string Name, string? State)>(("NAME", row => row.Name), ("STATE", row => row.State), ("NOTE", _ => "x"));

        var text = table.Render([("a", "running"), ("longer", null)], color: false);

        Assert.Equal(
            """
            NAME    STATE    NOTE
            a       running  x
            longer  -        x

            """, text);
    }

    [Fact]
    public void Table_HostileText_CannotControlTheTerminal()
    {
        var text = new Table<string>(("NAME", row => row)).Render(["\e]0;owned\a\nsecond\u202Eline\u009B2J"], color: true);

        Assert.DoesNotContain('\a', text);
        Assert.DoesNotContain('\u202E', text);
        Assert.DoesNotContain('\u009B', text);
        Assert.DoesNotContain("\e]", text, StringComparison.Ordinal);
        Assert.Equal(2, text.Count(c => c == '\n'));
    }

    [Fact]
    public void LiveView_DrawnAgain_GoesUpAsManyLinesAsWereDrawn()
    {
        using var written = new MemoryStream();
        var terminal = new Terminal { Out = written, Error = TextWriter.Null, In = TextReader.Null, Height = () => 3 };
        var view = new LiveView(new CommandOutput(terminal, OutputFormat.Table, false, false));

        view.Draw(["a", "b", "c"]);
        view.Draw(["d"]);
        view.Finish(["a", "b", "c"]);

        Assert.Equal(
            "\e[?7l\r\e[Jb\nc\n\e[?7h" + "\e[?7l\e[2A\r\e[Jd\n\e[?7h" + "\e[?7l\e[1A\r\e[Ja\nb\nc\n\e[?7h",
            System.Text.Encoding.UTF8.GetString(written.ToArray()));
    }

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(59.9, "59s")]
    [InlineData(134, "2m14s")]
    [InlineData(3720, "1h02m")]
    [InlineData(93600, "1d02h")]
    [InlineData(-5, "0s")]
    public void Duration_Seconds_HasTwoUnits(double seconds, string text) =>
        Assert.Equal(text, Texts.Duration(TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(-30, "30s ago")]
    [InlineData(-7200, "2h ago")]
    [InlineData(-864000, "10d ago")]
    [InlineData(7200, "in 2h")]
    public void Ago_Distance_HasOneUnit(int seconds, string text) =>
        Assert.Equal(text, Texts.Ago(Samples.T0.AddSeconds(seconds), Samples.T0));

    [Theory]
    [InlineData("plain")]
    [InlineData("")]
    [InlineData("true")]
    [InlineData("No")]
    [InlineData("null")]
    [InlineData("0.1.0")]
    [InlineData("1e3")]
    [InlineData("~")]
    [InlineData("- item")]
    [InlineData("key: value # comment")]
    [InlineData("#start")]
    [InlineData("two\nlines\r\nand \\ \"quotes\"\ttab")]
    [InlineData("bell\a del\u007F c1\u0085 ls\u2028 bom\uFEFF")]
    [InlineData("umlaut ä emoji 😀")]
    [InlineData("2026-08-01T12:00:00Z")]
    [InlineData(" padded ")]
    [InlineData("@at")]
    [InlineData("%percent")]
    [InlineData("a/b")]
    public void YamlWriter_AnyString_ReadsBackAsTheSameString(string value)
    {
        var json = JsonSerializer.SerializeToElement(new Dictionary<string, object> { [value] = new[] { value } });

        var stream = new YamlStream();
        stream.Load(new StringReader(YamlWriter.Write(json)));

        var pair = Assert.Single(((YamlMappingNode)stream.Documents[0].RootNode).Children);
        Assert.Equal(value, ((YamlScalarNode)pair.Key).Value);
        Assert.Equal(value, ((YamlScalarNode)((YamlSequenceNode)pair.Value)[0]).Value);
    }

    [Fact]
    public void YamlWriter_NestedDocument_IsIndented()
    {
        using var json = JsonDocument.Parse("""{"items":[{"id":"shop/web/1","num":1,"tags":["a",["b"]],"none":[]},{"o":{"k":null}}],"ok":true}""");

        Assert.Equal(
            """
            items:
              - id: shop/web/1
                num: 1
                tags:
                  - a
                  - - b
                none: []
              - o:
                  k: null
            ok: true

            """, YamlWriter.Write(json.RootElement));
    }
}
