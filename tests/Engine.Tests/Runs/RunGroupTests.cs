using Control.Contracts.Groups;
using Control.Contracts.Runs;
using Control.Contracts.Workspaces;
using Control.Engine.Runs;

namespace Control.Engine.Tests.Runs;

/// <summary>Runs, stages and jobs that wait for a place in a concurrency group.</summary>
public sealed class RunGroupTests
{
    private const string OfPipeline = """
        concurrency: deploy
        stages:
          - name: build
            jobs: { a: { steps: ["true"] } }
        finally:
          clean: { steps: ["true"] }
        """;

    private const string OfStage = """
        stages:
          - name: build
            gate: {}
            timeout: 10m
            concurrency: { group: deploy, limit: 2, onLimit: reject }
            jobs: { a: { steps: ["true"] } }
        finally:
          clean: { steps: ["true"] }
        """;

    private const string OfJob = """
        stages:
          - name: build
            jobs:
              a: { steps: ["true"], retry: { limit: 1, delay: 10s }, concurrency: { group: deploy, onLimit: cancelOldest } }
              b: { steps: ["true"] }
        """;

    [Fact]
    public void Pipeline_WaitsBeforeItsFirstStage()
    {
        var run = new RunFixture(OfPipeline);
        var asked = Asked(run);
        Assert.Equal(("shop/deploy", "", 1, GroupOverflow.Queue), (asked.Group.ToString(), asked.Request.Part, asked.Request.Limit, asked.Request.Overflow));
        Assert.Equal(run.Model.Head.CreatedAt, asked.Request.Since);
        Assert.Equal((RunState.Queued, "shop/deploy"), (run.State, RunViews.Run(run.Model).WaitsFor?.ToString()));
        Assert.Null(run.Model.Head.StartedAt);

        Assert.True(Answer(run, ClaimVerdict.Granted));

        Assert.Equal((RunState.Running, null), (run.State, RunViews.Run(run.Model).WaitsFor));
        run.Succeed("build.a");
        Assert.DoesNotContain(run.Last.Effects, effect => effect is RunEffect.Unclaim);
        run.Succeed("finally.clean");
        Assert.Equal(RunState.Succeeded, run.State);
        Assert.Equal(asked.Request.Claim, Assert.Single(run.Last.Effects.OfType<RunEffect.Unclaim>()).Place);
    }

    [Fact]
    public void Pipeline_Rejected_FailsAndRunsNothing()
    {
        var run = new RunFixture(OfPipeline);
        Assert.True(Answer(run, ClaimVerdict.Rejected));

        Assert.Equal((RunState.Failed, Reasons.GroupFull, "because"), (run.State, run.Model.Head.Reason, run.Model.Head.Message));
        Assert.Equal([StageState.Skipped, StageState.Skipped], run.Stages);
        Assert.Empty(run.Model.Attempts);
    }

    [Theory]
    [InlineData(CancelMode.Now)]
    [InlineData(CancelMode.AfterFinally)]
    [InlineData(CancelMode.AfterRunning)]
    public void Pipeline_CancelledWhileItWaits_EndsAtOnceAndWaitsNoMore(CancelMode mode)
    {
        var run = new RunFixture(OfPipeline);
        run.Cancel(mode);

        Assert.Equal(RunState.Cancelled, run.State);
        Assert.Single(run.Last.Effects.OfType<RunEffect.Unclaim>());
        Assert.False(Answer(run, ClaimVerdict.Granted));
    }

    [Fact]
    public void Pipeline_Superseded_IsCancelledAndCleansUp()
    {
        var run = new RunFixture(OfPipeline);
        Answer(run, ClaimVerdict.Granted);
        run.Lease("build.a");
        Assert.True(Answer(run, ClaimVerdict.Superseded));
        Assert.Equal((RunState.Cancelling, AttemptState.Stopping), (run.State, run.Attempt("build.a").State));

        // Repeated until it has given its place back; it goes on ending.
        Assert.True(Answer(run, ClaimVerdict.Superseded));
        run.Report("build.a", ReportKind.Stopped);
        run.Succeed("finally.clean");

        Assert.Equal((RunState.Cancelled, Reasons.Superseded, "because"), (run.State, run.Model.Head.Reason, run.Model.Head.Message));
        Assert.Single(run.Last.Effects.OfType<RunEffect.Unclaim>());
    }

    [Fact]
    public void Pipeline_GrantRepeated_ChangesNothing()
    {
        var run = new RunFixture(OfPipeline);
        Answer(run, ClaimVerdict.Granted);
        Assert.True(Answer(run, ClaimVerdict.Granted));
        Assert.True(run.Last.IsEmpty);
    }

    [Fact]
    public void Pipeline_Retried_WaitsAnewAndResumes()
    {
        var run = new RunFixture(OfPipeline);
        Answer(run, ClaimVerdict.Granted);
        run.Fail("build.a");
        run.Succeed("finally.clean");
        Assert.Equal(RunState.Failed, run.State);

        Assert.Null(run.Do(machine => machine.Retry(RunFixture.Anna)));
        Assert.Equal(RunState.Queued, run.State);
        Assert.NotEqual(Asked(run, 0).Request.Claim.Fence, Asked(run).Request.Claim.Fence);
        Answer(run, ClaimVerdict.Granted);

        Assert.Equal(AttemptState.Queued, run.Attempt("build.a", 2).State);
    }

    [Fact]
    public void Stage_WaitsAfterItsGate_AndItsTimeIsNotCounted()
    {
        var run = new RunFixture(OfStage);
        Assert.Empty(run.Last.Effects.OfType<RunEffect.Claim>());
        run.Decide("build", approve: true);
        Assert.Equal((RunState.Running, StageState.Queued), (run.State, run.Stages.First()));
        Assert.Equal(("build", 2, GroupOverflow.Reject), (Asked(run).Request.Part, Asked(run).Request.Limit, Asked(run).Request.Overflow));
        Assert.Equal("shop/deploy", RunViews.Stage(run.Model, 0).WaitsFor?.ToString());
        run.Tick(TimeSpan.FromHours(1));
        Assert.Equal(StageState.Queued, run.Stages.First());

        Answer(run, ClaimVerdict.Granted);
        Assert.Equal((StageState.Running, null), (run.Stages.First(), RunViews.Stage(run.Model, 0).WaitsFor));
        run.Succeed("build.a");
        Assert.Single(run.Last.Effects.OfType<RunEffect.Unclaim>());
        Assert.Null(run.Model.Head.Stages[0].Claim);
    }

    [Fact]
    public void Stage_Rejected_FailsAndFinallyRuns()
    {
        var run = new RunFixture(OfStage);
        run.Decide("build", approve: true);
        Answer(run, ClaimVerdict.Rejected);
        Assert.Equal([StageState.Failed, StageState.Running], run.Stages);
        run.Succeed("finally.clean");
        Assert.Equal((RunState.Failed, Reasons.GroupFull), (run.State, run.Model.Head.Reason));
    }

    [Fact]
    public void Stage_CancelledWhileItWaits_StartsNothing()
    {
        var run = new RunFixture(OfStage);
        run.Decide("build", approve: true);
        run.Cancel(CancelMode.Now);
        Assert.Equal((RunState.Cancelled, StageState.Cancelled), (run.State, run.Stages.First()));
        Assert.Single(run.Last.Effects.OfType<RunEffect.Unclaim>());
        Assert.Empty(run.Model.Attempts);
    }

    [Fact]
    public void Job_WaitsAlone_AndGivesBackAtItsEnd()
    {
        var run = new RunFixture(OfJob);
        Assert.Equal((JobState.Blocked, JobState.Queued), (run.JobState("build.a"), run.JobState("build.b")));
        Assert.Equal(("build.a/1", GroupOverflow.CancelOldest), (Asked(run).Request.Part, Asked(run).Request.Overflow));
        Assert.Equal("shop/deploy", RunViews.Attempt(run.Attempt("build.a")).WaitsFor?.ToString());
        Assert.False(run.Do(machine => machine.TryLease(run.Attempt("build.a").Id, RunFixture.Agent, "builder")).Granted);

        Answer(run, ClaimVerdict.Granted);
        Assert.Contains(run.Last.Effects, effect => effect is RunEffect.Enqueue);
        run.Succeed("build.a");
        Assert.Single(run.Last.Effects.OfType<RunEffect.Unclaim>());
    }

    [Fact]
    public void Job_RetriedAfterAPause_WaitsAnew()
    {
        var run = new RunFixture(OfJob);
        Answer(run, ClaimVerdict.Granted);
        run.Fail("build.a");
        Assert.Equal(AttemptState.Delayed, run.Attempt("build.a", 2).State);
        Assert.Null(run.Attempt("build.a", 2).Claim);

        run.Tick(TimeSpan.FromSeconds(11));

        Assert.Equal(AttemptState.Blocked, run.Attempt("build.a", 2).State);
        Assert.Equal("build.a/2", Asked(run).Request.Part);
    }

    [Fact]
    public void Job_Rejected_FailsWithoutRetry()
    {
        var run = new RunFixture(OfJob);
        Answer(run, ClaimVerdict.Rejected);
        Assert.Equal((AttemptState.Failed, Reasons.GroupFull), (run.Attempt("build.a").State, run.Attempt("build.a").Reason));
        Assert.False(run.Model.Attempts.ContainsKey("build.a/2"));
    }

    [Fact]
    public void Job_Superseded_CancelsTheRun()
    {
        var run = new RunFixture(OfJob);
        Answer(run, ClaimVerdict.Superseded);
        Assert.Equal((RunState.Cancelled, Reasons.Superseded), (run.State, run.Model.Head.Reason));
    }

    [Fact]
    public void Recover_AsksAgainForWhatIsNotAnswered()
    {
        var run = new RunFixture(OfJob);
        Assert.Equal(Asked(run), RunMachine.Recover(run.Model).OfType<RunEffect.Claim>().Single());
        Answer(run, ClaimVerdict.Granted);
        Assert.Empty(RunMachine.Recover(run.Model).OfType<RunEffect.Claim>());
    }

    [Fact]
    public void Workspace_WithALimit_IsAskedLast()
    {
        var run = new RunFixture(OfPipeline, new WorkspaceLimits(2, 5, 3L << 20));
        Assert.Equal("shop/deploy", Asked(run).Group.ToString());
        Answer(run, ClaimVerdict.Granted);
        var asked = Asked(run);
        Assert.Equal(("shop/workspace-runs", 2, 5), (asked.Group.ToString(), asked.Request.Limit, asked.Request.Queue));
        Assert.Equal((RunState.Queued, "workspace-runs"), (run.State, RunViews.Run(run.Model).WaitsFor?.Name));
        Answer(run, ClaimVerdict.Granted);
        Assert.Equal(3L << 20, run.Lease("build.a").LogLimitBytes);
        run.Cancel(CancelMode.Now);
        run.Report("build.a", ReportKind.Stopped);
        Assert.Equal(2, run.Last.Effects.OfType<RunEffect.Unclaim>().Count());
    }

    [Theory]
    [InlineData("params.TARGET", "shop/deploy:east")]
    [InlineData("workspace", "shop/deploy:shop")]
    [InlineData("params.TARGET == 'west'", "shop/deploy:false")]
    [InlineData("branch", "shop/deploy")]
    public void By_DividesTheGroup(string by, string group)
    {
        var run = new RunFixture(
            $$"""
            parameters: { TARGET: { default: east } }
            concurrency: { group: deploy, by: "{{by}}" }
            stages: [{ name: build, jobs: { a: { steps: ["true"] } } }]
            """,
            ("TARGET", "east"));
        Assert.Equal(group, Asked(run).Group.ToString());
    }

    [Fact]
    public void By_LongOrStrangeValue_IsItsDigest()
    {
        var run = new RunFixture(
            """
            parameters: { TARGET: {} }
            concurrency: { group: deploy, by: params.TARGET }
            stages: [{ name: build, jobs: { a: { steps: ["true"] } } }]
            """,
            ("TARGET", "a\nb"));
        var group = Asked(run).Group;
        Assert.Equal((64, group), (group.Value.Length, GroupId.Parse(group.ToString())));
    }

    private static RunEffect.Claim Asked(RunFixture run, int index = -1)
    {
        var claims = run.Asked;
        return claims[index < 0 ? claims.Count - 1 : index];
    }

    private static bool Answer(RunFixture run, ClaimVerdict verdict)
    {
        var asked = Asked(run);
        return run.Do(machine => machine.Answer(new ClaimAnswer(asked.Group, asked.Request.Claim.Fence, verdict, "because")));
    }
}
