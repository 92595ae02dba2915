using Control.Contracts.Agents;
using Control.Contracts.Runs;

namespace Control.Engine.Tests.Runs;

/// <summary>Attempts whose agent is gone.</summary>
public sealed class RunLossTests
{
    [Fact]
    public void Lost_IsRetriedByRule_AndStaleReportsAreRefused()
    {
        var run = RunMachineTests.AtTest();
        run.Lease("test.unit");
        var lost = run.Attempt("test.unit").LeaseRef;
        run.Do(machine => machine.AttemptLost(lost, Reasons.AgentRestarted));
        Assert.Equal(AttemptState.Lost, run.Attempt("test.unit").State);
        Assert.Equal(AttemptState.Queued, run.Attempt("test.unit", 2).State);
        Assert.Equal("stale-lease", run.Report("test.unit", ReportKind.Succeeded)?.Code);
        Assert.True(run.Last.IsEmpty);
    }

    [Fact]
    public void Lost_WhileItIsStopped_EndsTheStageAsCancelled()
    {
        var run = RunMachineTests.AtTest();
        run.Lease("test.unit");
        Assert.Null(run.Report("test.unit", ReportKind.Started));
        run.Cancel(CancelMode.Now);

        run.Do(machine => machine.AttemptLost(run.Attempt("test.unit").LeaseRef, Reasons.AgentLost));

        Assert.Equal((RunState.Cancelled, AttemptState.Lost), (run.State, run.Attempt("test.unit").State));
        Assert.Contains(StageState.Cancelled, run.Stages);
        Assert.DoesNotContain(StageState.Failed, run.Stages);
    }

    [Fact]
    public void Lost_WithAnOldLease_ChangesNothing()
    {
        var run = RunMachineTests.AtTest();
        run.Lease("test.unit");
        run.Do(machine => machine.AttemptLost(new LeaseRef(run.Attempt("test.unit").Id, 1), Reasons.AgentLost));
        Assert.True(run.Last.IsEmpty);
    }

    [Fact]
    public void Stopped_WithoutAnOrder_CountsAsLost()
    {
        var run = RunMachineTests.AtTest();
        run.Lease("test.unit");
        run.Report("test.unit", ReportKind.Stopped);
        Assert.Equal(AttemptState.Lost, run.Attempt("test.unit").State);
        Assert.Equal(AttemptState.Queued, run.Attempt("test.unit", 2).State);
    }
}
