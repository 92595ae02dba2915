using System.Text;
using Control.Engine.Pipelines;

namespace Control.Engine.Tests.Pipelines;

public sealed class PipelineParserLimitTests
{
    public static TheoryData<string, string, string> OneTooMany => new()
    {
        { "text", "", new string('#', PipelineLimits.TextBytes + 1) },
        { "text in bytes", "", "#" + new string('é', PipelineLimits.TextBytes / 2) },
        { "depth", "x" + Repeat("[0]", PipelineLimits.Depth), $"x: {Repeat("[", 40)}{Repeat("]", 40)}" },
        { "stages", "stages", $"stages: [{Many(51, i => $"{{ name: s{i}, gate: {{}} }}")}]" },
        { "jobs of a stage", "stages[0].jobs", $"stages: [{{ name: a, jobs: {{ {Jobs(257)} }} }}]" },
        { "jobs", "stages", $"stages: [{Many(4, i => $"{{ name: s{i}, jobs: {{ {Jobs(251)} }} }}")}]" },
        { "steps", "stages[0].jobs.b.steps", Job($"steps: [{Many(101, _ => "x")}]") },
        { "script", "stages[0].jobs.b.steps[0]", Job($"steps: [{new string('x', PipelineLimits.ScriptBytes + 1)}]") },
        { "labels", "stages[0].jobs.b.labels", Job($"steps: [x], labels: [{Many(33, i => $"l{i}")}]") },
        { "outputs", "stages[0].jobs.b.outputs", Job($"steps: [x], outputs: [{Many(65, i => $"O{i}")}]") },
        { "secrets", "stages[0].jobs.b.secrets", Job($"steps: [x], secrets: {{ {Many(65, i => $"S{i}: s")} }}") },
        { "env", "env", $"env: {{ {Many(201, i => $"E{i}: x")} }}" },
        { "env value", "env.A", $"env: {{ A: {new string('x', PipelineLimits.EnvValueBytes + 1)} }}" },
        { "env name", $"env['{new string('A', 60)}…']", $"env: {{ {new string('A', 129)}: x }}" },
        { "parameters", "parameters", $"parameters: {{ {Many(51, i => $"P{i}: {{}}")} }}" },
        { "parameter value", "parameters.A.default", $"parameters: {{ A: {{ default: {new string('x', 4097)} }} }}" },
        { "choices", "parameters.A.choices", $"parameters: {{ A: {{ type: choice, choices: [{Many(101, i => $"c{i}")}] }} }}" },
        { "description", "description", $"description: {new string('x', 1001)}" },
    };

    [Theory]
    [MemberData(nameof(OneTooMany))]
    public void Parse_OverALimit_IsRefused(string limit, string field, string text)
    {
        var errors = PipelineParser.Parse(text).Errors;

        Assert.True(errors.Any(e => e.Field == field), $"{limit}: {string.Join("; ", errors.Take(5))}");
    }

    [Fact]
    public void Parse_AtTheLimitOfJobs_IsAccepted()
    {
        var text = $"stages: [{Many(4, i => $"{{ name: s{i}, jobs: {{ {Jobs(250)} }} }}")}]";

        Assert.Equal(1000, PipelineParser.Parse(text).Spec!.Stages.Sum(s => s.Jobs.Length));
    }

    [Fact]
    public void Parse_ThousandsOfMistakes_ReportsTheFirstHundred()
    {
        var errors = PipelineParser.Parse($"{{ {Many(5000, i => $"k{i}: 0")} }}").Errors;

        Assert.Equal(PipelineLimits.Errors, errors.Length);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    [InlineData("? ")]
    [InlineData("\"")]
    [InlineData("a\n")]
    [InlineData("&a ")]
    [InlineData("!")]
    [InlineData("---\n")]
    [InlineData("\r\t ")]
    public void Parse_MonotonousText_EndsInErrors(string piece)
    {
        var text = Repeat(piece, PipelineLimits.TextBytes / piece.Length);

        Assert.NotEmpty(PipelineParser.Parse(text).Errors);
    }

    private static string Job(string keys) => $"stages: [{{ name: a, jobs: {{ b: {{ {keys} }} }} }}]";

    private static string Jobs(int count) => Many(count, i => $"j{i}: {{ steps: [x] }}");

    private static string Many(int count, Func<int, string> item) => string.Join(", ", Enumerable.Range(0, count).Select(item));

    private static string Repeat(string piece, int count) => new StringBuilder().Insert(0, piece, count).ToString();
}
