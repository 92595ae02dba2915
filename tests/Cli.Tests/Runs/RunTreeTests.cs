using Control.Cli.Runs;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Cli.Tests.Runs;

public sealed class RunTreeTests
{
    [Fact]
    public void Render_RunningRun_ShowsStagesJobsAndAgents()
    {
        var run = Samples.RunIn(
            RunState.Running,
            Samples.Stage("build", StageState.Succeeded, "compile"),
            Samples.Stage("test", StageState.Running, "unit", "integration", "slow"),
            Samples.Stage("release", StageState.Pending, "publish"));
        AttemptView[] attempts =
        [
            Samples.Attempt("test.integration", AttemptState.Queued),
            Samples.Attempt("test.unit", AttemptState.Running, 2),
            Samples.Attempt("test.unit", AttemptState.Lost, 1, Reasons.AgentLost),
            Samples.Attempt("build.compile", AttemptState.Succeeded),
        ];

        var lines = RunTree.Render(run, attempts, Samples.T0.AddSeconds(62));

        Assert.Equal(
            """
            shop/web #12  running  1m02s  by alice
            ✔ build          succeeded     45s
              ✔ compile      succeeded     40s  on agent-1
            ● test           running     1m02s
              ● unit         running     1m00s  attempt 2  on agent-1
              ○ integration  queued
              ○ slow         pending
            ○ release        pending
              ○ publish      pending
            """, string.Join('\n', lines));
    }

    [Fact]
    public void Render_FailedRun_ShowsReasons()
    {
        var run = Samples.RunIn(RunState.Failed, Samples.Stage("build", StageState.Failed, "go"), Samples.Stage("ship", StageState.Skipped, "it")) with
        {
            Reason = Reasons.JobFailed,
            Message = "build.go failed.",
            Ref = "main",
            Commit = "0123456789abcdef",
        };

        var lines = RunTree.Render(run, [Samples.Attempt("build.go", AttemptState.Failed, 1, Reasons.StepFailed, 3, "make\e[2J")], Samples.T0.AddDays(1));

        Assert.Equal(
            """
            shop/web #12  failed  2m14s  by alice  main@01234567
              JobFailed: build.go failed.
            ✘ build    failed      45s
              ✘ go     failed      40s  on agent-1  StepFailed (exit 3): make�[2J
            - ship     skipped
              - it     skipped
            """, string.Join('\n', lines));
    }

    [Fact]
    public void Render_EndedAttempt_ShowsWhatWasFound()
    {
        var attempt = Samples.Attempt("build.go", AttemptState.Cancelled, 1, Reasons.Cancelled) with { Cleanup = new CleanupView(3, 1, 2, 1, 5040) };

        var lines = RunTree.Render(Samples.RunIn(RunState.Cancelled, Samples.Stage("build", StageState.Cancelled, "go")), [attempt], Samples.T0.AddDays(1));

        Assert.EndsWith("on agent-1  Cancelled  (3 processes were ended 2 when asked and 1 by force, 1 out of its session, in 5.0 s)", lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Render_Gates_ShowQuestionAndDecision()
    {
        var gate = new GateSpec("Release?", [], []);
        var waiting = Samples.Stage("release", StageState.Waiting) with { Gate = gate };
        var decision = new GateDecision(true, "Looks good", System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty, Samples.Alice, Samples.T0);

        var before = RunTree.Render(Samples.RunIn(RunState.Waiting, waiting), [], Samples.T0.AddSeconds(5));
        var after = RunTree.Render(
            Samples.RunIn(RunState.Succeeded, waiting with { State = StageState.Succeeded, Decision = decision, FinishedAt = Samples.T0 }), [], Samples.T0);

        Assert.Equal("? release    waiting      5s  gate: Release?", before[1]);
        Assert.Equal("✔ release    succeeded      0s  approved by alice: Looks good", after[1]);
    }

    [Fact]
    public void Render_OrderedJobs_ShowLegsPausesAndWhySkipped()
    {
        var stage = Samples.Stage("test", StageState.Running, "unit-1", "lint", "flaky", "never", "again") with
        {
            Round = 2,
            Since = 2,
            Details =
            [
                new JobView("unit-1", [], Matrix: "OS=debian"),
                new JobView("lint", [], AllowFailure: true),
                new JobView("never", ["lint"], Skipped: "Its condition is not true: tag != ''"),
            ],
        };
        AttemptView[] attempts =
        [
            Samples.Attempt("test.unit-1", AttemptState.Running, 2) with { Round = 2 },
            Samples.Attempt("test.lint", AttemptState.Failed, 2, Reasons.StepFailed, 3) with { Round = 2 },
            Samples.Attempt("test.flaky", AttemptState.Delayed, 3) with { Round = 2, NotBefore = Samples.T0.AddSeconds(70), AgentName = null, StartedAt = null },
            // Of a round that is over: this one's is still to come.
            Samples.Attempt("test.again", AttemptState.Succeeded, 1),
        ];

        Assert.Equal(
            """
            shop/web #12  running  1m02s  by alice
            ● test      running   1m02s
              ● unit-1  running   1m00s  OS=debian  attempt 2  on agent-1
              ✘ lint    failed      40s  attempt 2  on agent-1  StepFailed (exit 3)  (allowed)
              ↻ flaky   delayed          in 8s  attempt 3
              - never   skipped          Its condition is not true: tag != ''
              ○ again   pending
            """, string.Join('\n', RunTree.Render(Samples.RunIn(RunState.Running, stage), attempts, Samples.T0.AddSeconds(62))));
    }

    [Fact]
    public void Render_GateThatNeedsSeveral_CountsThem()
    {
        var decision = new GateDecision(true, "", System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty, Samples.Alice, Samples.T0);
        var stage = Samples.Stage("release", StageState.Waiting) with { Gate = new GateSpec("Release?", [], [], Count: 2), Approvals = [decision] };

        Assert.Equal("? release    waiting      5s  gate: Release? (1 of 2 approvals)", RunTree.Render(Samples.RunIn(RunState.Waiting, stage), [], Samples.T0.AddSeconds(5))[1]);
    }

    [Fact]
    public void Render_WithColor_DiffersOnlyInSequences()
    {
        var run = Samples.RunIn(RunState.Running, Samples.Stage("build", StageState.Running, "go"));

        var plain = RunTree.Render(run, [], Samples.T0);
        var colored = RunTree.Render(run, [], Samples.T0, color: true);

        Assert.NotEqual(plain, colored);
        Assert.Equal(plain, colored.Select(line => System.Text.RegularExpressions.Regex.Replace(line, "\e\\[[0-9]+m", "")));
    }
}
