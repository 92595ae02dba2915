using System.Text;
using Control.Engine.Pipelines;

namespace Control.Engine.Tests.Pipelines;

public sealed class PipelineParserFuzzTests
{
    private const string Spice = "\0\t\n\r :-?[]{}&*!|>'\"%@`#,~\\<=\uFEFF\u2028\u0085\uD83D\uDE00éx0";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Parse_MutatedDefinitions_NeverThrowsAndPointsIntoTheText(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 700; i++)
        {
            AssertAnswered(Mutate(Definitions.Full, random), $"seed {seed}, round {i}");
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void Parse_RandomBytes_NeverThrowsAndPointsIntoTheText(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 1500; i++)
        {
            var bytes = new byte[random.Next(200)];
            random.NextBytes(bytes);
            AssertAnswered(Encoding.Latin1.GetString(bytes), $"seed {seed}, bytes {i}");
            AssertAnswered(new string([.. bytes.Select(b => Spice[b % Spice.Length])]), $"seed {seed}, spice {i}");
        }
    }

    private static string Mutate(string text, Random random)
    {
        var mutated = new StringBuilder(text);
        for (var n = random.Next(1, 6); n > 0; n--)
        {
            var at = random.Next(mutated.Length);
            var length = Math.Min(random.Next(1, 30), mutated.Length - at);
            _ = random.Next(4) switch
            {
                0 => mutated.Remove(at, Math.Min(length, mutated.Length - 1)),
                1 => mutated.Insert(at, Spice[random.Next(Spice.Length)]),
                2 => mutated.Insert(random.Next(mutated.Length), mutated.ToString(at, length)),
                _ => mutated.Replace(mutated[at], Spice[random.Next(Spice.Length)], at, 1),
            };
        }

        return mutated.ToString();
    }

    private static void AssertAnswered(string text, string round)
    {
        var parsed = PipelineParser.Parse(text);

        Assert.True(parsed.IsValid == parsed.Errors.IsEmpty, round);
        Assert.All(parsed.Errors, e => Assert.True(IsInside(text, e.Line, e.Column), $"{round}: {e}"));
        Assert.All(parsed.Errors, e => Assert.NotEmpty(e.Message));
    }

    private static bool IsInside(string text, int line, int column)
    {
        var lines = text.Replace("\r\n", "\n", StringComparison.Ordinal).Split('\n', '\r');

        // One behind the last character is the end of the line; two, where a carriage return was dropped.
        return line >= 1 && line <= lines.Length && column >= 1 && column <= lines[line - 1].Length + 2;
    }
}
