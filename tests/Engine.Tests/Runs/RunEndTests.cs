using Control.Contracts.Errors;
using Control.Contracts.Runs;
using Control.Engine.Runs;

namespace Control.Engine.Tests.Runs;

/// <summary>How runs end and go on: finally, time limits, the modes of cancelling, rounds.</summary>
public sealed class RunEndTests
{
    private const string WithFinally = """
        stages:
          - name: a
            jobs:
              one: { steps: ["true"], outputs: [V] }
              two: { steps: ["true"], retry: 1 }
          - name: b
            gate: {}
            jobs: { j: { steps: ["true"] } }
        finally:
          clean: { steps: ["true"] }
          alarm: { steps: ["true"], when: failed() }
        """;

    [Fact]
    public void Finally_AfterSuccess_RunsBeforeTheRunEnds()
    {
        var run = Through("a.one", "a.two");
        run.Decide("b", approve: true);
        run.Succeed("b.j");
        Assert.Equal((RunState.Running, JobState.Skipped), (run.State, run.JobState("finally.alarm")));
        run.Succeed("finally.clean");
        Assert.Equal(RunState.Succeeded, run.State);
    }

    [Fact]
    public void Finally_AfterFailure_RunsAndTheRunStaysFailed()
    {
        var run = new RunFixture(WithFinally);
        run.Succeed("a.one", output: "V=1");
        run.Fail("a.two");
        run.Fail("a.two", 2);
        Assert.Equal([StageState.Failed, StageState.Skipped, StageState.Running], run.Stages);
        Assert.Equal((RunState.Running, Reasons.JobFailed), (run.State, run.Model.Head.Reason));
        Assert.Equal("1", run.Lease("finally.clean").Env.Single(e => e.Name == "V").Value);
        Assert.Null(run.Report("finally.clean", ReportKind.Succeeded));
        run.Succeed("finally.alarm");
        Assert.Equal((RunState.Failed, "In stage 'a' two failed."), (run.State, run.Model.Head.Message));
        Assert.Equal([StageState.Failed, StageState.Skipped, StageState.Succeeded], run.Stages);
    }

    [Fact]
    public void Finally_Fails_TheRunFails()
    {
        var run = Through("a.one", "a.two");
        run.Decide("b", approve: true);
        run.Succeed("b.j");
        run.Fail("finally.clean");
        Assert.Equal((RunState.Failed, "In stage 'finally' clean failed."), (run.State, run.Model.Head.Message));
        Assert.Null(run.Do(m => m.Retry(RunFixture.Anna)));
        run.Succeed("finally.clean", 2);
        Assert.Equal(RunState.Succeeded, run.State);
    }

    [Fact]
    public void Finally_AfterARejectedGate_Runs()
    {
        var run = Through("a.one", "a.two");
        run.Decide("b", approve: false);
        Assert.Equal([StageState.Succeeded, StageState.Failed, StageState.Running], run.Stages);
        run.Succeed("finally.clean");
        run.Succeed("finally.alarm");
        Assert.Equal((RunState.Failed, Reasons.Rejected), (run.State, run.Model.Head.Reason));
    }

    [Fact]
    public void CancelNow_StopsEverythingAndSkipsFinally()
    {
        var run = new RunFixture(WithFinally);
        run.Lease("a.one");
        run.Cancel(CancelMode.Now);
        Assert.Null(run.Report("a.one", ReportKind.Stopped));
        Assert.Equal(RunState.Cancelled, run.State);
        Assert.Equal([StageState.Cancelled, StageState.Skipped, StageState.Skipped], run.Stages);
    }

    [Fact]
    public void CancelAfterFinally_StopsWhatRuns_ThenRunsFinally()
    {
        var run = new RunFixture(WithFinally);
        run.Lease("a.one");
        run.Cancel(CancelMode.AfterFinally);
        Assert.Equal((AttemptState.Stopping, AttemptState.Cancelled), (run.Attempt("a.one").State, run.Attempt("a.two").State));
        Assert.Null(run.Report("a.one", ReportKind.Stopped));
        Assert.Equal((RunState.Cancelling, JobState.Queued), (run.State, run.JobState("finally.clean")));
        Assert.Equal(JobState.Skipped, run.JobState("finally.alarm"));
        run.Succeed("finally.clean");
        Assert.Equal((RunState.Cancelled, Reasons.Cancelled), (run.State, run.Model.Head.Reason));
    }

    [Fact]
    public void CancelAfterRunning_LetsWhatRunsEnd_WithoutRetries()
    {
        var run = new RunFixture(WithFinally);
        run.Lease("a.two");
        run.Cancel(CancelMode.AfterRunning);
        Assert.Equal((AttemptState.Cancelled, AttemptState.Leased), (run.Attempt("a.one").State, run.Attempt("a.two").State));
        Assert.Null(run.Report("a.two", ReportKind.Failed, reason: Reasons.StepFailed));
        Assert.Equal(JobState.Queued, run.JobState("finally.clean"));
        run.Succeed("finally.clean");
        Assert.Equal(RunState.Cancelled, run.State);
    }

    [Fact]
    public void CancelAgain_OnlyMoreUrgently()
    {
        var run = new RunFixture(WithFinally);
        run.Lease("a.one");
        run.Cancel(CancelMode.AfterRunning);
        Assert.Equal(AttemptState.Leased, run.Attempt("a.one").State);
        Assert.Equal(RefusalKind.Conflict, run.Do(m => m.Cancel(CancelMode.AfterRunning, RunFixture.Anna))?.Kind);
        run.Cancel(CancelMode.AfterFinally);
        Assert.Equal(AttemptState.Stopping, run.Attempt("a.one").State);
        Assert.Null(run.Report("a.one", ReportKind.Stopped));
        run.Lease("finally.clean");
        run.Cancel(CancelMode.Now);
        Assert.Null(run.Report("finally.clean", ReportKind.Stopped));
        Assert.Equal((RunState.Cancelled, StageState.Cancelled), (run.State, run.Stages.Last()));
    }

    [Fact]
    public void Cancel_AtAGate_RunsFinally()
    {
        var run = Through("a.one", "a.two");
        run.Cancel(CancelMode.AfterFinally);
        Assert.Equal([StageState.Succeeded, StageState.Cancelled, StageState.Running], run.Stages);
        run.Succeed("finally.clean");
        Assert.Equal(RunState.Cancelled, run.State);
    }

    [Fact]
    public void Cancel_BeforeTheFirstStage_EndsAtOnce()
    {
        var run = new RunFixture($"source: {{ repository: \"https://git.example.org/a.git\" }}\n{WithFinally}");
        run.Cancel(CancelMode.AfterFinally);
        Assert.Equal(RunState.Cancelled, run.State);
        run.Do(m => m.SourceResolved(new SourceResolution(new string('a', 40), null)));
        Assert.True(run.Last.IsEmpty);
    }

    [Fact]
    public void Cancel_UnknownMode_Refused() =>
        Assert.Equal("bad-mode", new RunFixture(WithFinally).Do(m => m.Cancel(CancelMode.Invalid, RunFixture.Anna))?.Code);

    [Fact]
    public void JobTimeout_AgentSilentAboutIt_StoppedByTheServerAMinuteLater()
    {
        var run = new RunFixture("""
            stages: [{ name: s, jobs: { j: { steps: ["true"], timeout: 30s, lostAfter: 50s, retry: { limit: 1, on: [timeout] } } } }]
            """);
        run.Lease("s.j");
        Assert.Equal(run.Now.AddSeconds(90), RunMachine.NextDue(run.Model));
        run.Tick(TimeSpan.FromSeconds(89));
        Assert.Equal(AttemptState.Leased, run.Attempt("s.j").State);
        run.Tick(TimeSpan.FromSeconds(1));
        Assert.Equal(AttemptState.Stopping, run.Attempt("s.j").State);
        Assert.Contains(run.Last.Effects, effect => effect is RunEffect.Stop);
        Assert.Null(run.Report("s.j", ReportKind.Stopped));
        Assert.Equal((AttemptState.Failed, Reasons.TimedOut), (run.Attempt("s.j").State, run.Attempt("s.j").Reason));
        Assert.Equal(AttemptState.Queued, run.Attempt("s.j", 2).State);
    }

    [Fact]
    public void JobTimeout_StopNeverConfirmed_GivenUp()
    {
        var run = new RunFixture("""
            stages: [{ name: s, jobs: { j: { steps: ["true"], timeout: 30s, lostAfter: 50s } } }]
            """);
        run.Lease("s.j");
        run.Tick(TimeSpan.FromSeconds(90));
        run.Tick(TimeSpan.FromSeconds(49));
        Assert.Equal(AttemptState.Stopping, run.Attempt("s.j").State);
        run.Tick(TimeSpan.FromSeconds(1));
        Assert.Equal((AttemptState.Lost, Reasons.TimedOut), (run.Attempt("s.j").State, run.Attempt("s.j").Reason));
        Assert.Equal(RunState.Failed, run.State);
        Assert.Equal("stale-lease", run.Report("s.j", ReportKind.Succeeded)?.Code);
    }

    [Fact]
    public void StageTimeout_StopsTheStage_AndRunsFinally()
    {
        var run = new RunFixture("""
            stages:
              - { name: s, timeout: 1m, jobs: { a: { steps: ["true"], retry: 3 }, b: { steps: ["true"] }, c: { steps: ["true"], needs: [a] } } }
            finally: { clean: { steps: ["true"] } }
            """);
        run.Lease("s.a");
        run.Tick(TimeSpan.FromSeconds(60));
        Assert.Equal((AttemptState.Stopping, AttemptState.Cancelled, Reasons.TimedOut), (run.Attempt("s.a").State, run.Attempt("s.b").State, run.Attempt("s.b").Reason));
        Assert.Null(run.Report("s.a", ReportKind.Stopped));
        Assert.Equal([StageState.Failed, StageState.Running], run.Stages);
        run.Succeed("finally.clean");
        Assert.Equal((RunState.Failed, Reasons.TimedOut, "The stage 's' took longer than 1m."), (run.State, run.Model.Head.Reason, run.Model.Head.Message));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void RunTimeout_EndsWhatRunsOrWaits_AndRunsFinally(bool atGate)
    {
        var run = new RunFixture("timeout: 1h\n" + WithFinally);
        if (atGate)
        {
            run.Succeed("a.one");
            run.Succeed("a.two");
        }
        else
        {
            run.Lease("a.one");
        }

        run.Tick(TimeSpan.FromHours(1));
        if (!atGate)
        {
            Assert.Null(run.Report("a.one", ReportKind.Stopped));
        }

        Assert.Equal((RunState.Running, StageState.Running), (run.State, run.Stages.Last()));
        run.Tick(TimeSpan.FromMinutes(5));
        run.Succeed("finally.clean");
        run.Succeed("finally.alarm");
        Assert.Equal((RunState.Failed, "The run took longer than 1h."), (run.State, run.Model.Head.Message));
    }

    [Fact]
    public void Rerun_Whole_WithOtherParameters_EarlierRoundStaysReadable()
    {
        var run = new RunFixture("""
            parameters: { WHO: { default: world } }
            stages:
              - { name: a, jobs: { j: { steps: ["true"], outputs: [V] } } }
              - { name: b, jobs: { j: { steps: ["true"] } } }
            """, ("WHO", "world"));
        run.Succeed("a.j", output: "V=1");
        run.Succeed("b.j");
        Assert.Equal("bad-parameters", run.Rerun(null, null, ("WHAT", "x"))?.Code);
        Assert.Null(run.Rerun(null, null, ("WHO", "you")));
        Assert.Equal([StageState.Running, StageState.Pending], run.Stages);
        Assert.Equal(Causes.Rerun, run.Attempt("a.j", 2).Cause);
        Assert.Equal("you", run.Lease("a.j", 2).Env.Single(e => e.Name == "WHO").Value);
        Assert.Null(run.Report("a.j", ReportKind.Succeeded, 2));
        // What the first round's job had written is none of the second's business.
        Assert.DoesNotContain(run.Lease("b.j", 2).Env, e => e.Name == "V");
        Assert.Null(run.Report("b.j", ReportKind.Succeeded, 2));
        Assert.Equal((RunState.Succeeded, 2), (run.State, run.Model.Head.Round));
        var earlier = Assert.Single(run.Model.Head.Earlier);
        Assert.Equal((1, RunState.Succeeded, "world"), (earlier.Number, earlier.State, earlier.Parameters["WHO"]));
        Assert.Equal("1", run.Attempt("a.j").Outputs["V"]);
    }

    [Fact]
    public void Rerun_FromAStage_KeepsWhatIsBefore()
    {
        var run = Through("a.one", "a.two");
        run.Decide("b", approve: true);
        run.Succeed("b.j");
        run.Succeed("finally.clean");
        Assert.Equal("bad-rerun", run.Rerun("b", "main")?.Code);
        Assert.Null(run.Rerun("b", null));
        Assert.Equal([StageState.Succeeded, StageState.Waiting, StageState.Pending], run.Stages);
        run.Decide("b", approve: true);
        run.Succeed("b.j", 2);
        run.Succeed("finally.clean", 2);
        Assert.Equal(RunState.Succeeded, run.State);
    }

    [Fact]
    public void Rerun_FromAStageBehindAFailedOne_Refused()
    {
        var run = new RunFixture(WithFinally);
        run.Cancel(CancelMode.Now);
        Assert.Equal("stage-not-reached", run.Rerun("b", null)?.Code);
        Assert.Equal(RefusalKind.NotFound, run.Rerun("nosuch", null)?.Kind);
        Assert.Null(run.Rerun("a", null));
        Assert.Equal("run-not-finished", run.Rerun("a", null)?.Code);
    }

    [Fact]
    public void Rerun_WithARef_LooksItUpAnew()
    {
        var run = new RunFixture("""
            source: { repository: "https://git.example.org/a.git", ref: main }
            stages: [{ name: s, jobs: { j: { steps: ["true"] } } }]
            """);
        run.Do(m => m.SourceResolved(new SourceResolution(new string('a', 40), null, "refs/heads/main")));
        run.Succeed("s.j");
        Assert.Equal("bad-rerun", run.Rerun(null, "--upload-pack=x")?.Code);
        Assert.Null(run.Rerun(null, "other"));
        Assert.Equal("other", Assert.IsType<RunEffect.ResolveSource>(Assert.Single(run.Last.Effects)).Ref);
        run.Do(m => m.SourceResolved(new SourceResolution(new string('b', 40), null, "refs/heads/other")));
        Assert.Equal(new string('b', 40), run.Lease("s.j", 2).Checkout?.Commit);
        Assert.Equal(new string('a', 40), run.Model.Head.Earlier[0].Commit);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Rerun_FromAStage_WhenTheSourceWasNeverFound_Refused(bool cancelled)
    {
        var run = new RunFixture("""
            source: { repository: "https://git.example.org/a.git" }
            stages:
              - { name: a, jobs: { j: { steps: ["true"] } } }
              - { name: b, jobs: { j: { steps: ["true"] } } }
            """);
        if (cancelled)
        {
            run.Cancel(CancelMode.Now);
        }
        else
        {
            run.Do(m => m.SourceResolved(new SourceResolution(null, "no such branch")));
        }

        Assert.Equal("stage-not-reached", run.Rerun("b", null)?.Code);
        Assert.Null(run.Rerun("a", null));
        run.Do(m => m.SourceResolved(new SourceResolution(new string('a', 40), null)));
        run.Succeed("a.j");
        run.Succeed("b.j");
        Assert.Equal(RunState.Succeeded, run.State);
    }

    [Fact]
    public void Rerun_TooOften_Refused()
    {
        var run = new RunFixture("stages: [{ name: s, jobs: { j: { steps: [\"true\"] } } }]");
        for (var round = 2; round <= 100; round++)
        {
            run.Cancel(CancelMode.Now);
            Assert.Null(run.Rerun(null, null));
        }

        run.Cancel(CancelMode.Now);
        Assert.Equal("too-many-rounds", run.Rerun(null, null)?.Code);
        Assert.Equal("too-many-rounds", run.Do(m => m.Retry(RunFixture.Anna))?.Code);
    }

    private static RunFixture Through(params ReadOnlySpan<string> jobs)
    {
        var run = new RunFixture(WithFinally);
        foreach (var job in jobs)
        {
            run.Succeed(job);
        }

        return run;
    }
}
