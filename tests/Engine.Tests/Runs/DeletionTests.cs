using System.Collections.Immutable;
using Control.Contracts.Events;
using Control.Contracts.Runs;
using Control.Engine.Runs;

namespace Control.Engine.Tests.Runs;

/// <summary>Only what has ended can be deleted, and what is deleted stays so.</summary>
public sealed class DeletionTests
{
    private const string OneJob = "stages: [{ name: s, jobs: { j: { steps: [make] } } }]";

    [Fact]
    public void Delete_Running_RefusedAndUnchanged()
    {
        var run = new RunFixture(OneJob);
        Assert.Equal("run-not-finished", run.Do(m => m.Delete(RunFixture.Anna))?.Code);
        Assert.False(run.Model.Head.Deleted);
        Assert.True(run.Last.IsEmpty);
    }

    [Fact]
    public void Delete_Ended_LeavesNothingButWhoAndWhen()
    {
        var run = new RunFixture(OneJob);
        run.Cancel(CancelMode.Now);
        Assert.Equal(RunState.Cancelled, run.State);
        Assert.Null(run.Do(m => m.Delete(RunFixture.Anna)));
        Assert.Equal([EventTypes.ObjectDeleted], run.Last.Events.Select(e => e.Type));
        Assert.Empty(run.Last.Effects);
        Assert.True(run.Model.Head.Deleted);
        Assert.Empty(run.Model.Attempts);
        Assert.Empty(run.Model.Head.Stages);
        Assert.Equal(RunState.Cancelled, run.State);
        Assert.Null(RunMachine.NextDue(run.Model));
    }

    // What waited together with the deletion comes behind it, into the same machine.
    [Fact]
    public void Delete_CommandsBehindIt_FindNoRun()
    {
        var run = new RunFixture(OneJob);
        run.Cancel(CancelMode.Now);
        run.Do(m => m.Delete(RunFixture.Anna));
        var attempt = AttemptId.Parse($"{run.Model.Id}/s.j/1");
        Assert.Equal("not-found", run.Do(m => m.Delete(RunFixture.Anna))?.Code);
        Assert.Equal("not-found", run.Do(m => m.Retry(RunFixture.Anna))?.Code);
        Assert.Equal("not-found", run.Rerun(null, null)?.Code);
        Assert.Equal("not-found", run.Do(m => m.Cancel(CancelMode.Now, RunFixture.Anna))?.Code);
        Assert.Equal("not-found", run.Do(m => m.Decide(new DecideGate("s", true, "", ImmutableDictionary<string, string>.Empty, RunFixture.Anna, [])))?.Code);
        Assert.Equal("not-found", run.Do(m => m.TryLease(attempt, RunFixture.Agent, "a")).Refusal?.Code);
        Assert.Equal("stale-lease", run.Do(m => m.Report(new AttemptReport(attempt, 1, RunFixture.Agent, ReportKind.Succeeded, null, null, 0, ImmutableSortedDictionary<string, string>.Empty, 0)))?.Code);
        run.Tick(TimeSpan.FromDays(1));
        Assert.True(run.Model.Head.Deleted);
    }
}
