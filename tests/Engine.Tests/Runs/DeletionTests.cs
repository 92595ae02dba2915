using System.Collections.Immutable;
using Control.Contracts.Access;
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

    [Fact]
    public void Delete_Kept_RefusedUntilItIsNotKeptAnyMore()
    {
        var run = new RunFixture(OneJob);
        Assert.Null(run.Do(m => m.Keep(new KeepRun("release 1.0", RunFixture.Anna))));
        Assert.Equal([EventTypes.RunChanged], run.Last.Events.Select(e => e.Type));
        run.Cancel(CancelMode.Now);
        Assert.Equal(("release 1.0", RunFixture.Anna), (RunViews.Run(run.Model).Kept!.Reason, RunViews.Run(run.Model).Kept!.By));

        Assert.Equal("run-kept", run.Do(m => m.Delete(RunFixture.Anna))?.Code);
        Assert.Equal("run-kept", run.Do(m => m.Expire(new ExpireRun(m.Model.Head.Version - 1, Actor.Retention)))?.Code);
        Assert.False(run.Model.Head.Deleted);

        Assert.Null(run.Do(m => m.Unkeep(RunFixture.Anna)));
        Assert.IsType<RunEffect.Unkept>(Assert.Single(run.Last.Effects));
        Assert.Null(run.Do(m => m.Delete(RunFixture.Anna)));
    }

    [Fact]
    public void KeepAndUnkeep_Repeated_ChangeNothing()
    {
        var run = new RunFixture(OneJob);
        Assert.Null(run.Do(m => m.Unkeep(RunFixture.Anna)));
        Assert.True(run.Last.IsEmpty);
        run.Do(m => m.Keep(new KeepRun("", RunFixture.Anna)));
        Assert.Null(run.Do(m => m.Keep(new KeepRun("", RunFixture.Anna))));
        Assert.True(run.Last.IsEmpty);
        run.Do(m => m.Keep(new KeepRun("better reason", RunFixture.Anna)));
        Assert.Equal("better reason", run.Model.Head.Kept!.Reason);
    }

    [Fact]
    public void Expire_ChangedSince_StaysAndSaysSo()
    {
        var run = new RunFixture(OneJob);
        run.Cancel(CancelMode.Now);
        var version = run.Model.Head.Version;
        run.Rerun(null, null);
        run.Cancel(CancelMode.Now);
        Assert.Equal("version-mismatch", run.Do(m => m.Expire(new ExpireRun(version, Actor.Retention)))?.Code);
        Assert.False(run.Model.Head.Deleted);

        Assert.Null(run.Do(m => m.Expire(new ExpireRun(m.Model.Head.Version - 1, Actor.Retention))));
        Assert.Equal(Actor.Retention, Assert.Single(run.Last.Events).By);
        Assert.True(run.Model.Head.Deleted);
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
        Assert.Equal("not-found", run.Do(m => m.Expire(new ExpireRun(m.Model.Head.Version - 1, RunFixture.Anna)))?.Code);
        Assert.Equal("not-found", run.Do(m => m.Keep(new KeepRun("", RunFixture.Anna)))?.Code);
        Assert.Equal("not-found", run.Do(m => m.Unkeep(RunFixture.Anna))?.Code);
        Assert.Equal("not-found", run.Rerun(null, null)?.Code);
        Assert.Equal("not-found", run.Do(m => m.Cancel(CancelMode.Now, RunFixture.Anna))?.Code);
        Assert.Equal("not-found", run.Do(m => m.Decide(new DecideGate("s", true, "", ImmutableDictionary<string, string>.Empty, RunFixture.Anna, [])))?.Code);
        Assert.Equal("not-found", run.Do(m => m.TryLease(attempt, RunFixture.Agent, "a")).Refusal?.Code);
        Assert.Equal("stale-lease", run.Do(m => m.Report(new AttemptReport(attempt, 1, RunFixture.Agent, ReportKind.Succeeded, null, null, 0, ImmutableSortedDictionary<string, string>.Empty, 0)))?.Code);
        run.Tick(TimeSpan.FromDays(1));
        Assert.True(run.Model.Head.Deleted);
    }
}
