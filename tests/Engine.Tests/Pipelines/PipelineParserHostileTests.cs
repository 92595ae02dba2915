using System.Diagnostics;
using Control.Engine.Pipelines;

namespace Control.Engine.Tests.Pipelines;

/// <summary>Definitions that were written to do harm: they are refused with the reason, and soon.</summary>
public sealed class PipelineParserHostileTests
{
    // On a machine that is busy; what they cost by themselves is milliseconds.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    public static TheoryData<string, string> NamedPlaces
    {
        get
        {
            var data = new TheoryData<string, string>();
            string[] places =
            [
                "stages: [{ name: @, jobs: { j: { steps: [x] } } }]|stages[0].name",
                "stages: [{ name: s, jobs: { @: { steps: [x] } } }]|stages[0].jobs",
                "stages: [{ name: s, jobs: { j: { steps: [x], labels: [@] } } }]|stages[0].jobs.j.labels[0]",
                "stages: [{ name: s, jobs: { j: { steps: [x], needs: [@] } } }]|stages[0].jobs.j.needs",
                "stages: [{ name: s, jobs: { j: { steps: [x], secrets: { A: @ } } } }]|stages[0].jobs.j.secrets.A",
                "stages: [{ name: s, jobs: { j: { steps: [x], secrets: { A: { secret: @, file: true } } } } }]|stages[0].jobs.j.secrets.A.secret",
                "stages: [{ name: s, jobs: { j: { steps: [x], secrets: { @: s } } } }]|stages[0].jobs.j.secrets",
                "stages: [{ name: s, jobs: { j: { steps: [x], env: { @: s } } } }]|stages[0].jobs.j.env",
                "stages: [{ name: s, jobs: { j: { steps: [x], outputs: [@] } } }]|stages[0].jobs.j.outputs[0]",
                "stages: [{ name: s, jobs: { j: { steps: [x], image: { name: a, credentials: @ } } } }]|stages[0].jobs.j.image.credentials",
                "stages: [{ name: s, jobs: { j: { steps: [x], matrix: { axes: { @: [1] } } } } }]|stages[0].jobs.j.matrix",
                "source: { repository: 'https://h/p', credentials: @ }|source.credentials",
                "parameters: { @: {} }|parameters",
                "finally: { @: { steps: [x] } }|finally",
            ];
            foreach (var place in places.Select(place => place.Split('|')))
            {
                data.Add(place[0], place[1]);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(NamedPlaces))]
    public void Parse_NameWithPathOrShellCharacters_IsRefusedAtItsPlace(string text, string field)
    {
        string[] names = ["../x", "a/b", "..", "a\\\\b", "$(id)", "`id`", "a;b", "a|b", "a b", "a\\nb", "-rf", "--help", "~root", "*", "a'b", "é", "", new('a', 200)];
        foreach (var name in names)
        {
            var errors = PipelineParser.Parse(text.Replace("@", $"\"{name}\"", StringComparison.Ordinal)).Errors;

            Assert.True(errors.Any(e => e.Field.StartsWith(field, StringComparison.Ordinal)), $"{name}: {string.Join("; ", errors)}");
            Assert.All(errors, e => Assert.True(e.Message.Length < 1000 && !e.Message.Any(char.IsControl), e.Message));
        }
    }

    [Fact]
    public void Parse_AliasBomb_IsRefusedSoon()
    {
        var lines = Enumerable.Range(1, 30).Select(i => $"  a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]");
        var began = Stopwatch.GetTimestamp();

        var errors = PipelineParser.Parse($"env:\n  a0: &a0 x\n{string.Join('\n', lines)}\n").Errors;

        Assert.True(Stopwatch.GetElapsedTime(began) < Soon);
        Assert.Contains(errors, e => e.Message.Contains("Anchors", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{ a: ", "}")]
    [InlineData("- ", "")]
    public void Parse_NestedDeep_SaysHowDeepItMayBe(string open, string close)
    {
        const int depth = 20_000;
        var text = $"{string.Concat(Enumerable.Repeat(open, depth))}x{string.Concat(Enumerable.Repeat(close, depth))}";

        Assert.Contains(PipelineParser.Parse(text).Errors, e => e.Message.Contains($"{PipelineLimits.Depth}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(100_000, "", "")]
    [InlineData(15_000, "env", "up to 200")]
    public void Parse_EndlessEnvironment_IsRefusedSoon(int variables, string field, string message)
    {
        var began = Stopwatch.GetTimestamp();

        var errors = PipelineParser.Parse($"env:\n{string.Concat(Enumerable.Range(0, variables).Select(i => $"  V{i}: \"\"\n"))}").Errors;

        Assert.True(Stopwatch.GetElapsedTime(began) < Soon);
        Assert.Contains(errors, e => e.Field == field && e.Message.Contains(message.Length > 0 ? message : $"{PipelineLimits.TextBytes / 1024} KiB", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("stags: []", "Did you mean 'stages'?")]
    [InlineData("stages: [{ nam: a }]", "Did you mean 'name'?")]
    [InlineData("stages: [{ name: a, jobs: { b: { step: [x] } } }]", "Did you mean 'steps'?")]
    [InlineData("stages: [{ name: a, jobs: { b: { steps: [{ run: x, timout: 1m }] } } }]", "Did you mean 'timeout'?")]
    [InlineData("stages: [{ name: a, jobs: { b: { steps: [x], secrets: { A: { secret: s, files: true } } } } }]", "Did you mean 'file'?")]
    [InlineData("stages: [{ name: a, jobs: { b: { steps: [x], secrets: { A: { secret: s, file: yes } } } } }]", "true or false")]
    public void Parse_UnknownKeyOrWrongFlag_SaysWhatIsMeant(string text, string message) =>
        Assert.Contains(PipelineParser.Parse(text).Errors, e => e.Message.Contains(message, StringComparison.Ordinal));
}
