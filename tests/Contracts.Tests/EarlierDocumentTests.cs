using Control.Contracts;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Contracts.Tests;

/// <summary>Documents and views as versions before stored them: what is new in them has a harmless value, and they can be served.</summary>
public sealed class EarlierDocumentTests
{
    private const string Actor = """{"kind":"token","id":"t","name":"anna"}""";

    [Fact]
    public void Read_RunViewWithoutRounds_Served()
    {
        const string json = $$"""
            {"id":"w/p/1","state":"failed","definitionVersion":1,"parameters":{},"createdAt":"2026-11-01T00:00:00+00:00","startedBy":{{Actor}},
             "stages":[{"name":"s","state":"failed","jobs":["j"]}],"version":5}
            """;

        var run = ContractJson.Read<RunView>(json);

        Assert.Equal((1, 1, 1), (run.Round, run.Stages[0].Round, run.Stages[0].Since));
        Assert.Empty(run.Earlier);
        Assert.Empty(run.Stages[0].Approvals);
        Assert.Empty(run.Stages[0].Details);
        Assert.Contains("\"jobs\":[\"j\"]", ContractJson.Write(run), StringComparison.Ordinal);
    }

    [Fact]
    public void Read_AttemptViewWithoutRound_IsOfTheFirst() => Assert.Equal(1, ContractJson.Read<AttemptView>($$$"""
        {"id":"w/p/1/s.j/1","state":"failed","cause":"stage","by":{{{Actor}}},"queuedAt":"2026-11-01T00:00:00+00:00","outputs":{}}
        """).Round);

    [Fact]
    public void Read_DefinitionWithoutOrder_NeedsNothing()
    {
        var stage = ContractJson.Read<StageSpec>("""
            {"name":"s","gate":{"message":"Go?","parameters":[]},"jobs":[{"name":"j","labels":[],"env":[],"secrets":[{"name":"A","secret":"s","field":"text"}],"steps":[],"outputs":[],
             "timeoutSeconds":60,"retry":{"limit":1,"on":[]},"checkout":false,"lostAfterSeconds":120}]}
            """);

        var job = Assert.Single(stage.Jobs);
        Assert.Empty(job.Needs);
        Assert.Equal(new SecretEnv("A", "s", "text", File: false), Assert.Single(job.Secrets));
        Assert.Equal((null, null, false, 0), (job.When, job.Matrix, job.AllowFailure, job.Retry.DelaySeconds));
        Assert.Empty(stage.Gate!.Approvers);
        Assert.Equal((1, true, 0), (stage.Gate.Count, stage.Gate.OwnApproval, stage.Gate.DeadlineSeconds));
    }
}
