using System.Collections.Immutable;
using Control.Contracts.Access;
using Control.Contracts.Errors;
using Control.Contracts.Events;
using Control.Contracts.Runs;

namespace Control.Engine.Tests.Runs;

/// <summary>Who may decide a gate, how many must, and what happens when nobody does.</summary>
public sealed class GateTests
{
    private static readonly Actor Ben = new(ActorKind.Token, "t2", "ben");
    private static readonly Actor Cleo = new(ActorKind.Token, "t3", "cleo");

    [Theory]
    [InlineData("[ben]", true)]
    [InlineData("[t2]", true)]
    [InlineData("[cleo]", false)]
    [InlineData("[\"scope:approve\"]", true)]
    [InlineData("[\"scope:admin\"]", false)]
    public void Approvers_OnlyTheyMayDecide(string approvers, bool may)
    {
        var run = Gate($"approvers: {approvers}");
        Assert.Equal(may ? null : "not-an-approver", Decide(run, Ben, approve: true)?.Code);
        Assert.Equal(may ? RunState.Succeeded : RunState.Waiting, run.State);
    }

    [Fact]
    public void Approvers_OthersMayNotRejectEither() =>
        Assert.Equal(RefusalKind.Forbidden, Decide(Gate("approvers: [cleo]"), Ben, approve: false)?.Kind);

    [Fact]
    public void OwnApproval_Forbidden_StarterMayOnlyReject()
    {
        var run = Gate("ownApproval: false");
        Assert.Equal("own-approval", Decide(run, RunFixture.Anna, approve: true)?.Code);
        Assert.Null(Decide(run, RunFixture.Anna, approve: false));
        // Who causes the next round is its starter.
        run.Do(m => m.Retry(Ben));
        Assert.Equal("own-approval", Decide(run, Ben, approve: true)?.Code);
        Assert.Null(Decide(run, RunFixture.Anna, approve: true));
    }

    [Fact]
    public void Count_DifferentPeopleMustApprove_AllRecorded()
    {
        var run = Gate("count: 2");
        Assert.Null(Decide(run, Ben, approve: true));
        Assert.Equal(RunState.Waiting, run.State);
        Assert.Contains(run.Last.Events, e => e.Type == EventTypes.GateDecided);
        Assert.Equal("approved-already", Decide(run, Ben, approve: true)?.Code);
        Assert.Null(Decide(run, Cleo, approve: true));
        Assert.Equal(RunState.Succeeded, run.State);
        Assert.Equal(["ben", "cleo"], run.Model.Head.Stages[0].Approvals.Select(approval => approval.By.Name));
    }

    [Fact]
    public void Count_OneRejectionSuffices_AndARetryCountsAnew()
    {
        var run = Gate("count: 2");
        Decide(run, Ben, approve: true);
        Assert.Null(Decide(run, Cleo, approve: false));
        Assert.Equal(RunState.Failed, run.State);
        run.Do(m => m.Retry(RunFixture.Anna));
        Assert.Empty(run.Model.Head.Stages[0].Approvals);
    }

    [Fact]
    public void Count_LaterApproversCannotChangeTheParameters()
    {
        var run = Gate("count: 3\n      parameters: { TO: { default: test } }");
        Assert.Null(Decide(run, Ben, approve: true, ("TO", "live")));
        Assert.Equal("other-parameters", Decide(run, Cleo, approve: true, ("TO", "test"))?.Code);
        Assert.Null(Decide(run, Cleo, approve: true));
        Assert.Null(Decide(run, RunFixture.Anna, approve: true, ("TO", "live")));
        Assert.Equal("live", run.Model.Head.Stages[0].Decision!.Parameters["TO"]);
    }

    [Theory]
    [InlineData("", RunState.Failed)]
    [InlineData("onDeadline: reject", RunState.Failed)]
    [InlineData("onDeadline: approve", RunState.Succeeded)]
    public void Deadline_Passed_DecidesByItself(string onDeadline, RunState state)
    {
        var run = Gate($"deadline: 1h\n      count: 2\n      {onDeadline}");
        run.Tick(TimeSpan.FromMinutes(59));
        Assert.Equal(RunState.Waiting, run.State);
        run.Tick(TimeSpan.FromMinutes(1));
        Assert.Equal(state, run.State);
        Assert.Equal((Actor.System, "Nobody decided before the deadline."), (run.Model.Head.Stages[0].Decision!.By, run.Model.Head.Stages[0].Decision!.Comment));
    }

    private static RunFixture Gate(string keys) => new($"stages:\n  - name: g\n    gate:\n      message: Go?\n      {keys}\n");

    private static Refusal? Decide(RunFixture run, Actor by, bool approve, params (string Name, string Value)[] parameters) => run.Do(machine =>
        machine.Decide(new DecideGate("g", approve, "", parameters.ToImmutableDictionary(p => p.Name, p => p.Value), by, [Scopes.Approve])));
}
