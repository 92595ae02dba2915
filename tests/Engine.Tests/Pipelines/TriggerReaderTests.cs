using Control.Contracts.Triggers;
using Control.Engine.Pipelines;

namespace Control.Engine.Tests.Pipelines;

/// <summary>The <c>triggers</c> of a definition.</summary>
public sealed class TriggerReaderTests
{
    [Fact]
    public void Parse_Right_IsTheTrigger()
    {
        var trigger = Assert.Single(Parse("{ cron: '30 2 * * *', timeZone: Europe/Berlin, missed: all, parameters: { WHO: you }, ref: main }").Spec!.Triggers);
        Assert.Equal(("t", "30 2 * * *", "Europe/Berlin", MissedTicks.All, "main"), (trigger.Name, trigger.Cron, trigger.TimeZone, trigger.Missed, trigger.Ref));
        Assert.Equal("you", trigger.Parameters["WHO"]);
    }

    [Fact]
    public void Parse_Defaults_AreUtcAndOnce()
    {
        var trigger = Assert.Single(Parse("{ cron: '30 2 * * *', parameters: { WHO: me } }").Spec!.Triggers);
        Assert.Equal(("UTC", MissedTicks.Once, null), (trigger.TimeZone, trigger.Missed, trigger.Ref));
    }

    [Fact]
    public void Parse_None_HasNone() => Assert.Empty(PipelineParser.Parse("stages: [{ name: s, jobs: { j: { steps: [make] } } }]").Spec!.Triggers);

    [Theory]
    [InlineData("{ parameters: { WHO: me } }", "triggers.t.cron", "needs 'cron'")]
    [InlineData("{ cron: '61 * * * *', parameters: { WHO: me } }", "triggers.t.cron", "five fields")]
    [InlineData("{ cron: '0 0 31 4 *', parameters: { WHO: me } }", "triggers.t.cron", "no such day")]
    [InlineData("{ cron: '* * * * *', timeZone: Berlin, parameters: { WHO: me } }", "triggers.t.timeZone", "Europe/Berlin")]
    [InlineData("{ cron: '* * * * *', missed: twice, parameters: { WHO: me } }", "triggers.t.missed", "once")]
    [InlineData("{ cron: '* * * * *' }", "triggers.t", "required")]
    [InlineData("{ cron: '* * * * *', parameters: { WHO: me, WHAT: x } }", "triggers.t.parameters", "WHAT")]
    [InlineData("{ cron: '* * * * *', parameters: { WHO: me }, ref: --upload-pack=x }", "triggers.t.ref", "")]
    [InlineData("{ cron: '* * * * *', parameters: { WHO: me }, timezone: UTC }", "triggers.t.timezone", "timeZone")]
    public void Parse_Wrong_NamesTheFieldAndTheCure(string trigger, string field, string message)
    {
        var error = Assert.Single(Parse(trigger).Errors);
        Assert.Equal(field, error.Field);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Parse_RefWithoutASource_IsRefused() => Assert.Contains(
        PipelineParser.Parse("triggers: { t: { cron: '* * * * *', ref: main } }\nstages: [{ name: s, jobs: { j: { steps: [make] } } }]").Errors,
        error => error.Field == "triggers.t.ref");

    private static ParsedPipeline Parse(string trigger) => PipelineParser.Parse($$"""
        source: { repository: "https://git.example.org/a.git" }
        parameters: { WHO: {} }
        triggers: { t: {{trigger}} }
        stages: [{ name: s, jobs: { j: { steps: [make] } } }]
        """);
}
