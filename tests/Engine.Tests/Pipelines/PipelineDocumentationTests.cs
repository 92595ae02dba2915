using System.Text.RegularExpressions;
using Control.Contracts.Runs;
using Control.Engine.Pipelines;
using Control.Engine.Pipelines.Shapes;

namespace Control.Engine.Tests.Pipelines;

/// <summary>Holds docs/pipelines.md to the code.</summary>
public sealed partial class PipelineDocumentationTests
{
    private static readonly string Page = RepositoryFiles.Read("docs/pipelines.md");

    public static TheoryData<string> Examples => [.. Example().Matches(Page).Select(m => m.Groups[1].Value)];

    [Theory]
    [MemberData(nameof(Examples))]
    public void Parse_DocumentedExample_IsValid(string text) => Assert.Empty(PipelineParser.Parse(text).Errors);

    [Fact]
    public void Page_HasExamples() => Assert.True(Example().Count(Page) >= 4);

    [Fact]
    public void Page_EveryKeyOfATable_IsDocumentedInItsSection()
    {
        foreach (var shape in PipelineShapes.All.Where(s => s.Name != "secret"))
        {
            var heading = char.ToUpperInvariant(shape.Name[0]) + shape.Name[1..];
            var section = Regex.Match(Page, $"^### {heading}\n(.*?)(?=^##)", RegexOptions.Multiline | RegexOptions.Singleline).Groups[1].Value;
            var documented = Row().Matches(section).Select(m => m.Groups[1].Value);

            Assert.Equal(shape.Keys.Select(k => k.Name).Order(), documented.Order());
        }
    }

    [Fact]
    public void Page_EveryReason_IsListed() => Assert.All(
        typeof(Reasons).GetFields().Select(f => (string)f.GetRawConstantValue()!),
        reason => Assert.Contains($"`{reason}`", Page, StringComparison.Ordinal));

    [Fact]
    public void Page_EveryState_IsListed() => Assert.All(
        Enum.GetNames<RunState>().Concat(Enum.GetNames<StageState>()).Concat(Enum.GetNames<AttemptState>()).Concat(Enum.GetNames<JobState>()).Except(["Invalid"]),
        state => Assert.Contains($"`{state.ToLowerInvariant()}`", Page, StringComparison.Ordinal));

    [GeneratedRegex("^```yaml\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex("^\\| `([A-Za-z]+)` \\|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
