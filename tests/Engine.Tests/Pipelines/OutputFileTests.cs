using System.Text;
using Control.Engine.Pipelines;

namespace Control.Engine.Tests.Pipelines;

public sealed class OutputFileTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("A=1\nB=2\n", "A=1|B=2")]
    [InlineData("A=1\n\n  \nA=2", "A=2")]
    [InlineData("A=\n", "A=")]
    [InlineData("A= x=y <<z ", "A= x=y <<z ")]
    [InlineData("A<<EOF\none\n\n  two=2\nEOF\nB=1\n", "A=one\n\n  two=2|B=1")]
    [InlineData("A<<EOF\nEOF", "A=")]
    [InlineData("A << x\n", null)]
    [InlineData("A<< END \nx\nEND\n", "A=x")]
    [InlineData("OTHER=1\nB=2", "B=2")]
    public void Parse_File_GivesDeclaredValues(string text, string? expected)
    {
        var parsed = OutputFile.Parse(Encoding.UTF8.GetBytes(text), ["A", "B"]);

        Assert.Equal(expected is null, parsed.Error is not null);
        Assert.Equal(expected ?? "", string.Join('|', parsed.Values.Select(v => $"{v.Key}={v.Value}")));
    }

    [Theory]
    [InlineData("A=1\nhello\n", "Line 2", "neither KEY=value")]
    [InlineData("A<b=1\n", "Line 1", "neither KEY=value")]
    [InlineData("A B=1\n", "Line 1", "not a key")]
    [InlineData("=1\n", "Line 1", "not a key")]
    [InlineData("\nA<<\n", "Line 2", "needs a word")]
    [InlineData("A<<EOF\nx\n EOF\n", "Line 1", "no end")]
    [InlineData("A=\0", "NUL", "base64")]
    public void Parse_BrokenFile_SaysWhereAndWhat(string text, string where, string what)
    {
        var error = OutputFile.Parse(Encoding.UTF8.GetBytes(text), ["A"]).Error!;

        Assert.Contains(where, error, StringComparison.Ordinal);
        Assert.Contains(what, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("hunter2hunter2\n")]
    [InlineData("hunter2-hunter2==\n")]
    [InlineData("A<<hunter2hunter2\n")]
    public void Parse_BrokenFile_ShowsNothingOfIt(string text) =>
        Assert.DoesNotContain("hunter2", OutputFile.Parse(Encoding.UTF8.GetBytes(text), ["A"]).Error!, StringComparison.Ordinal);

    [Fact]
    public void Parse_NotUtf8_IsRefused() => Assert.Contains("UTF-8", OutputFile.Parse([(byte)'A', (byte)'=', 0xFF], ["A"]).Error!, StringComparison.Ordinal);

    [Theory]
    [InlineData(32 * 1024, true)]
    [InlineData((32 * 1024) + 1, false)]
    public void Parse_Value_IsLimited(int bytes, bool accepted) =>
        Assert.Equal(accepted, OutputFile.Parse(Encoding.UTF8.GetBytes("A=" + new string('x', bytes)), ["A"]).Error is null);

    [Theory]
    [InlineData(4, true)]
    [InlineData(5, false)]
    public void Parse_AllValues_AreLimitedTogether(int values, bool accepted)
    {
        var text = string.Concat(Enumerable.Range(0, values).Select(i => $"K{i}={new string('x', 32_766)}\n"));

        Assert.Equal(accepted, OutputFile.Parse(Encoding.UTF8.GetBytes(text), ["K0", "K1", "K2", "K3", "K4"]).Error is null);
    }

    [Fact]
    public void Parse_File_IsLimited() =>
        Assert.Contains("larger than 1024 KiB", OutputFile.Parse(new byte[PipelineLimits.OutputFileBytes + 1], []).Error!, StringComparison.Ordinal);

    [Fact]
    public void Parse_RandomFiles_NeverThrows()
    {
        var random = new Random(7);
        const string spice = "AB=<\n\0E x\r";
        for (var i = 0; i < 5000; i++)
        {
            var text = new string([.. Enumerable.Range(0, random.Next(40)).Select(_ => spice[random.Next(spice.Length)])]);
            var parsed = OutputFile.Parse(Encoding.UTF8.GetBytes(text), ["A", "AB"]);
            Assert.True(parsed.Error is null || parsed.Values.IsEmpty, text);
        }
    }
}
