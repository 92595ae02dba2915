using Control.Contracts.Retention;
using Control.Engine.Pipelines;

namespace Control.Engine.Tests.Pipelines;

/// <summary>The <c>retention</c> of a definition.</summary>
public sealed class RetentionReaderTests
{
    private const int Day = 24 * 60 * 60;

    [Theory]
    [InlineData("retention: { keep: 20 }", 20, 0, 1)]
    [InlineData("retention: { age: 30d }", 0, 30 * Day, 1)]
    [InlineData("retention: { age: 1d12h, keep: 5, keepSucceeded: 0 }", 5, Day + (12 * 60 * 60), 0)]
    [InlineData("retention: { age: 3650d, keepSucceeded: 10000 }", 0, 3650 * Day, 10_000)]
    [InlineData("retention: all", 0, 0, 1)]
    public void Parse_Right_IsThePolicy(string text, int keep, int age, int succeeded) =>
        Assert.Equal(new RetentionPolicy(keep, age, succeeded), Parse(text).Spec!.Retention);

    [Fact]
    public void Parse_None_LeavesItToTheWorkspace() => Assert.Null(Parse("description: x").Spec!.Retention);

    [Theory]
    [InlineData("retention: {}", "retention", "no rule")]
    [InlineData("retention: { keepSucceeded: 3 }", "retention", "no rule")]
    [InlineData("retention: none", "retention", "all to keep every run")]
    [InlineData("retention: 30d", "retention", "{ age: 30d }")]
    [InlineData("retention: { keep: 0 }", "retention.keep", "from 1 to 10000")]
    [InlineData("retention: { keep: 10001 }", "retention.keep", "from 1 to 10000")]
    [InlineData("retention: { keep: 1, keepSucceeded: -1 }", "retention.keepSucceeded", "from 0 to 10000")]
    [InlineData("retention: { age: 30 }", "retention.age", "not a duration")]
    [InlineData("retention: { age: 59m }", "retention.age", "between 1h and 3650d")]
    [InlineData("retention: { age: 3651d }", "retention.age", "between 1h and 3650d")]
    [InlineData("retention: { age: 99999d99999h99999m99999s }", "retention.age", "between 1h and 3650d")]
    [InlineData("retention: { keepLast: 3, keep: 1 }", "retention.keepLast", "keep")]
    public void Parse_Wrong_NamesTheFieldAndTheCure(string text, string field, string message)
    {
        var error = Assert.Single(Parse(text).Errors);
        Assert.Equal(field, error.Field);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    private static ParsedPipeline Parse(string text) => PipelineParser.Parse($$"""
        {{text}}
        stages: [{ name: s, jobs: { j: { steps: [make] } } }]
        """);
}
