using Control.Contracts.Groups;
using Control.Contracts.Pipelines;
using Control.Engine.Pipelines;

namespace Control.Engine.Tests.Pipelines;

public sealed class ConcurrencyReaderTests
{
    [Fact]
    public void Parse_Name_HasTheDefaults() =>
        Assert.Equal(new ConcurrencySpec("deploy", null, 1, GroupOverflow.Queue), Of("deploy"));

    [Fact]
    public void Parse_Map_HasEverything() => Assert.Equal(
        new ConcurrencySpec("deploy", "params.T", 3, GroupOverflow.CancelOldest),
        Of("{ group: deploy, by: params.T, limit: 3, onLimit: cancelOldest }"));

    [Theory]
    [InlineData("queue", GroupOverflow.Queue)]
    [InlineData("reject", GroupOverflow.Reject)]
    public void Parse_OnLimit_IsRead(string word, GroupOverflow overflow) => Assert.Equal(overflow, Of($"{{ group: a, onLimit: {word} }}")!.Overflow);

    [Theory]
    [InlineData("Deploy!", "concurrency", "not a valid name")]
    [InlineData("workspace-runs", "concurrency", "the workspace's own")]
    [InlineData("{ limit: 2 }", "concurrency.group", "needs 'group'")]
    [InlineData("{ group: a, limit: 0 }", "concurrency.limit", "from 1 to 1000")]
    [InlineData("{ group: a, limit: 1001 }", "concurrency.limit", "from 1 to 1000")]
    [InlineData("{ group: a, onLimit: cancel-oldest }", "concurrency.onLimit", "Did you mean cancelOldest?")]
    [InlineData("{ group: a, by: params.X }", "concurrency.by", "Did you mean params.T?")]
    [InlineData("{ group: a, by: outputs.X }", "concurrency.by", "There is no 'outputs.X' here")]
    [InlineData("{ group: a, per: branch }", "concurrency.per", "has no key")]
    public void Parse_Wrong_IsRefusedAtItsKey(string concurrency, string field, string message)
    {
        var error = Assert.Single(PipelineParser.Parse(Text(concurrency)).Errors);
        Assert.Equal(field, error.Field);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("concurrency: g", "concurrency: g", "", "stages[0].concurrency")]
    [InlineData("concurrency: g", "", ", concurrency: g", "stages[0].jobs.j.concurrency")]
    [InlineData("", "concurrency: g", ", concurrency: { group: g, by: branch }", "stages[0].jobs.j.concurrency")]
    public void Parse_GroupWithinItself_IsRefused(string pipeline, string stage, string job, string field)
    {
        var text = $$"""
            {{pipeline}}
            stages:
              - name: s
                {{stage}}
                jobs: { j: { steps: [a]{{job}} } }
            """;
        Assert.Equal(field, Assert.Single(PipelineParser.Parse(text).Errors).Field);
    }

    [Fact]
    public void Parse_OtherGroupsWithin_AreFine() => Assert.True(PipelineParser.Parse("""
        concurrency: a
        stages:
          - name: s
            concurrency: b
            jobs: { j: { steps: [a], outputs: [V], concurrency: c }, k: { steps: [a], needs: [j], concurrency: { group: c, by: outputs.V } } }
        """).IsValid);

    private static ConcurrencySpec? Of(string concurrency)
    {
        var parsed = PipelineParser.Parse(Text(concurrency));
        Assert.True(parsed.IsValid, string.Join('\n', parsed.Errors));
        return parsed.Spec.Concurrency;
    }

    private static string Text(string concurrency) => $$"""
        parameters: { T: { default: a } }
        concurrency: {{concurrency}}
        stages: [{ name: s, jobs: { j: { steps: [a] } } }]
        """;
}
