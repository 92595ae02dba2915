using System.Collections.Immutable;
using Control.Contracts.Agents;
using Control.Contracts.Errors;
using Control.Contracts.Events;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.Engine.Runs;

namespace Control.Engine.Tests.Runs;

public sealed class RunMachineTests
{
    private const string TwoStages = """
        stages:
          - name: build
            jobs:
              compile: { steps: ["true"], outputs: [VERSION] }
              lint: { steps: ["true"], outputs: [VERSION] }
          - name: test
            jobs:
              unit: { steps: ["true"], retry: 1 }
        """;

    private const string Gated = """
        stages:
          - name: release
            gate: { message: "Go?", parameters: { CHANNEL: { type: choice, choices: [beta, stable] } } }
            jobs:
              push: { steps: ["true"] }
          - name: after
            gate: { message: "Announce?" }
        """;

    private const string WithSource = """
        source: { repository: "https://git.example.org/a.git", ref: main }
        stages:
          - name: build
            jobs:
              compile: { steps: ["true"] }
        """;

    [Fact]
    public void Lease_OfAJobWithServices_HasTheirSecretsUnderNamesOfTheirOwn()
    {
        var run = new RunFixture(
            "stages: [{ name: test, jobs: { unit: { image: { name: a, credentials: r }, steps: [x], secrets: { PASSWORD: one }, "
            + "services: { db: { image: b, credentials: q, secrets: { PASSWORD: { secret: two, field: password } } }, cache: c } } } }]");

        var assignment = run.Lease("test.unit");

        Assert.Equal(["db", "cache"], assignment.Services.Select(service => service.Name));
        Assert.Equal(
            [
                new SecretEnv("PASSWORD", "one", "text"),
                new SecretEnv("CONTROL_REGISTRY_USER", "r", "user"),
                new SecretEnv("CONTROL_REGISTRY_PASSWORD", "r", "password"),
                new SecretEnv("CONTROL_SERVICE_db_PASSWORD", "two", "password"),
                new SecretEnv("CONTROL_SERVICE_db_CONTROL_REGISTRY_USER", "q", "user"),
                new SecretEnv("CONTROL_SERVICE_db_CONTROL_REGISTRY_PASSWORD", "q", "password"),
            ],
            assignment.Secrets.AsEnumerable());
    }

    [Fact]
    public void Create_WithoutSource_QueuesEveryJobOfTheFirstStage()
    {
        var run = new RunFixture(TwoStages);
        Assert.Equal(RunState.Running, run.State);
        Assert.Equal([StageState.Running, StageState.Pending], run.Stages);
        Assert.Equal(["build.compile/1", "build.lint/1"], run.Last.Attempts.Select(a => a.Id.LocalKey).Order());
        Assert.Equal(2, run.Last.Effects.OfType<RunEffect.Enqueue>().Count());
    }

    [Fact]
    public void Create_WithSource_WaitsForTheCommit()
    {
        var run = new RunFixture(WithSource);
        Assert.Equal(RunState.Preparing, run.State);
        Assert.Equal("main", Assert.IsType<RunEffect.ResolveSource>(Assert.Single(run.Last.Effects)).Ref);
        run.Do(machine => machine.SourceResolved(new SourceResolution(new string('a', 40), null)));
        Assert.Equal(RunState.Running, run.State);
        Assert.Equal(new string('a', 40), run.Lease("build.compile").Checkout?.Commit);
    }

    [Fact]
    public void SourceResolved_NotFound_FailsAndRetryLooksAgain()
    {
        var run = new RunFixture(WithSource);
        run.Do(machine => machine.SourceResolved(new SourceResolution(null, "no such branch")));
        Assert.Equal(RunState.Failed, run.State);
        Assert.Equal(Reasons.SourceNotFound, run.Model.Head.Reason);
        Assert.Equal([StageState.Skipped], run.Stages);
        Assert.Null(run.Do(machine => machine.Retry(RunFixture.Anna)));
        Assert.Equal(RunState.Preparing, run.State);
        Assert.IsType<RunEffect.ResolveSource>(Assert.Single(run.Last.Effects));
    }

    [Fact]
    public void Report_LastJobOfStage_StartsTheNextStageInTheSameChange()
    {
        var run = new RunFixture(TwoStages);
        run.Succeed("build.compile");
        Assert.Equal([StageState.Running, StageState.Pending], run.Stages);
        run.Succeed("build.lint");
        Assert.Equal([StageState.Succeeded, StageState.Running], run.Stages);
        Assert.Contains(run.Last.Effects, effect => effect is RunEffect.Enqueue { Attempt.Job.Job: "unit" });
        run.Succeed("test.unit");
        Assert.Equal(RunState.Succeeded, run.State);
        Assert.Contains(run.Last.Effects, effect => effect is RunEffect.Finished);
    }

    [Fact]
    public void Report_FailedJob_LetsSiblingsEndAndThenFailsTheRun()
    {
        var run = new RunFixture(TwoStages);
        run.Fail("build.compile");
        Assert.Equal(RunState.Running, run.State);
        run.Succeed("build.lint");
        Assert.Equal(RunState.Failed, run.State);
        Assert.Equal([StageState.Failed, StageState.Skipped], run.Stages);
        Assert.Equal(Reasons.JobFailed, run.Model.Head.Reason);
        Assert.Contains("compile", run.Model.Head.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("VERSION=1", "VERSION=2", "2")]
    [InlineData("VERSION=1", null, "1")]
    public void Outputs_OfOneKey_TheJobLaterInDefinitionOrderWins(string compile, string? lint, string expected)
    {
        foreach (var lintFirst in new[] { true, false })
        {
            var run = new RunFixture(TwoStages);
            if (lintFirst)
            {
                run.Succeed("build.lint", output: lint);
                run.Succeed("build.compile", output: compile);
            }
            else
            {
                run.Succeed("build.compile", output: compile);
                run.Succeed("build.lint", output: lint);
            }

            Assert.Equal(expected, run.Lease("test.unit").Env.Single(e => e.Name == "VERSION").Value);
        }
    }

    [Fact]
    public void Report_UndeclaredOutput_IsDropped()
    {
        var run = new RunFixture(TwoStages);
        run.Succeed("build.compile", output: "PATH=/evil");
        run.Succeed("build.lint");
        Assert.DoesNotContain(run.Lease("test.unit").Env, e => e.Name == "PATH");
    }

    [Fact]
    public void RetryRule_AppliesUpToItsLimit()
    {
        var run = AtTest();
        run.Fail("test.unit");
        Assert.Equal(RunState.Running, run.State);
        Assert.Equal(Causes.RetryRule, run.Attempt("test.unit", 2).Cause);
        run.Fail("test.unit", 2);
        Assert.Equal(RunState.Failed, run.State);
    }

    [Fact]
    public void RetryRule_DoesNotApplyToReasonsThatWouldOnlyRepeat()
    {
        var run = AtTest();
        run.Fail("test.unit", reason: Reasons.SecretMissing);
        Assert.Equal(RunState.Failed, run.State);
    }

    [Fact]
    public void Retry_RunsOnlyWhatDidNotSucceed_AndKeepsEarlierAttempts()
    {
        var run = new RunFixture(TwoStages);
        run.Succeed("build.lint");
        run.Fail("build.compile");
        Assert.Null(run.Do(machine => machine.Retry(RunFixture.Anna)));
        Assert.Equal(["build.compile/2"], run.Last.Attempts.Select(a => a.Id.LocalKey));
        Assert.Equal([StageState.Running, StageState.Pending], run.Stages);
        Assert.Equal(AttemptState.Failed, run.Attempt("build.compile").State);
        run.Succeed("build.compile", 2);
        Assert.Equal([StageState.Succeeded, StageState.Running], run.Stages);
    }

    [Fact]
    public void Retry_AfterRuleWasUsedUp_CountsAnew()
    {
        var run = AtTest();
        run.Fail("test.unit");
        run.Fail("test.unit", 2);
        Assert.Null(run.Do(machine => machine.Retry(RunFixture.Anna)));
        run.Fail("test.unit", 3);
        Assert.Equal(AttemptState.Queued, run.Attempt("test.unit", 4).State);
    }

    [Fact]
    public void TryLease_Twice_IsRefused()
    {
        var run = new RunFixture(TwoStages);
        run.Lease("build.compile");
        var second = run.Do(machine => machine.TryLease(run.Attempt("build.compile").Id, new AgentId("other"), "other"));
        Assert.Equal("attempt-not-queued", second.Refusal?.Code);
        Assert.True(run.Last.IsEmpty);
    }

    [Fact]
    public void Report_Repeated_IsGrantedWithoutAChange()
    {
        var run = new RunFixture(TwoStages);
        run.Succeed("build.compile");
        Assert.Null(run.Report("build.compile", ReportKind.Succeeded));
        Assert.True(run.Last.IsEmpty);
        Assert.Null(run.Report("build.compile", ReportKind.Started));
        Assert.True(run.Last.IsEmpty);
    }

    [Fact]
    public void Report_OfNoKind_IsRefused()
    {
        var run = AtTest();
        run.Lease("test.unit");

        Assert.Equal("bad-report", run.Report("test.unit", ReportKind.Invalid)?.Code);
        Assert.True(run.Last.IsEmpty);
    }

    [Fact]
    public void Report_OfAnotherAgent_IsRefused()
    {
        var run = new RunFixture(TwoStages);
        var lease = run.Lease("build.compile");
        var refusal = run.Do(machine => machine.Report(new AttemptReport(
            lease.Attempt, lease.Lease, new AgentId("intruder"), ReportKind.Succeeded, null, null, 0, ImmutableSortedDictionary<string, string>.Empty, 0)));
        Assert.Equal("stale-lease", refusal?.Code);
    }

    [Fact]
    public void Cancel_QueuedEndsAtOnce_HeldWaitsForTheAgent()
    {
        var run = new RunFixture(TwoStages);
        run.Lease("build.compile");
        Assert.Null(run.Do(machine => machine.Cancel(CancelMode.Now, RunFixture.Anna)));
        Assert.Equal(RunState.Cancelling, run.State);
        Assert.Equal(AttemptState.Cancelled, run.Attempt("build.lint").State);
        Assert.Equal(AttemptState.Stopping, run.Attempt("build.compile").State);
        Assert.Equal(RunFixture.Agent, Assert.IsType<RunEffect.Stop>(Assert.Single(run.Last.Effects)).Agent);
        Assert.Null(run.Report("build.compile", ReportKind.Stopped));
        Assert.Equal(RunState.Cancelled, run.State);
        Assert.Equal([StageState.Cancelled, StageState.Skipped], run.Stages);
    }

    [Fact]
    public void Cancel_OvertakenByTheResult_KeepsTheResultAndStillCancelsTheRun()
    {
        var run = new RunFixture(TwoStages);
        run.Succeed("build.lint");
        run.Lease("build.compile");
        run.Do(machine => machine.Cancel(CancelMode.Now, RunFixture.Anna));
        run.Report("build.compile", ReportKind.Succeeded);
        Assert.Equal(AttemptState.Succeeded, run.Attempt("build.compile").State);
        Assert.Equal(RunState.Cancelled, run.State);
    }

    [Fact]
    public void Cancel_Finished_IsRefusedWithTheState()
    {
        var run = new RunFixture(TwoStages);
        run.Do(machine => machine.Cancel(CancelMode.Now, RunFixture.Anna));
        var refusal = run.Do(machine => machine.Cancel(CancelMode.Now, RunFixture.Anna));
        Assert.Equal((RefusalKind.Conflict, "cancelled"), (refusal!.Kind, refusal.State));
    }

    [Fact]
    public void Retry_Cancelled_RunsWhatWasCancelled()
    {
        var run = new RunFixture(TwoStages);
        run.Succeed("build.lint");
        run.Do(machine => machine.Cancel(CancelMode.Now, RunFixture.Anna));
        Assert.Equal(RunState.Cancelled, run.State);
        Assert.Null(run.Do(machine => machine.Retry(RunFixture.Anna)));
        run.Succeed("build.compile", 2);
        run.Succeed("test.unit");
        Assert.Equal(RunState.Succeeded, run.State);
    }

    [Fact]
    public void Gate_Approved_PassesItsParametersOn()
    {
        var run = new RunFixture(Gated);
        Assert.Equal(RunState.Waiting, run.State);
        Assert.Equal("bad-parameters", run.Decide("release", approve: true)?.Code);
        Assert.Equal("bad-parameters", run.Decide("release", approve: true, ("CHANNEL", "nightly"))?.Code);
        Assert.Null(run.Decide("release", approve: true, ("CHANNEL", "beta")));
        Assert.Equal("beta", run.Lease("release.push").Env.Single(e => e.Name == "CHANNEL").Value);
        Assert.Contains(run.Log, e => e.Type == EventTypes.GateDecided && e.By == RunFixture.Anna);
    }

    [Fact]
    public void Gate_WithoutJobs_PassesOnApproval()
    {
        var run = new RunFixture(Gated);
        run.Decide("release", approve: true, ("CHANNEL", "beta"));
        run.Succeed("release.push");
        Assert.Equal(RunState.Waiting, run.State);
        Assert.Null(run.Decide("after", approve: true));
        Assert.Equal(RunState.Succeeded, run.State);
    }

    [Fact]
    public void Gate_Rejected_FailsTheRun_AndRetryAsksAgain()
    {
        var run = new RunFixture(Gated);
        Assert.Null(run.Decide("release", approve: false));
        Assert.Equal((RunState.Failed, Reasons.Rejected), (run.State, run.Model.Head.Reason));
        Assert.Equal("gate-not-waiting", run.Decide("release", approve: true, ("CHANNEL", "beta"))?.Code);
        Assert.Null(run.Do(machine => machine.Retry(RunFixture.Anna)));
        Assert.Equal(RunState.Waiting, run.State);
        Assert.Null(run.Model.Head.Stages[0].Decision);
    }

    [Theory]
    [InlineData("nosuch")]
    public void Gate_Unknown_IsNotFound(string stage) =>
        Assert.Equal(RefusalKind.NotFound, new RunFixture(Gated).Decide(stage, approve: true)?.Kind);

    [Fact]
    public void Cancel_AtGate_EndsAtOnce()
    {
        var run = new RunFixture(Gated);
        Assert.Null(run.Do(machine => machine.Cancel(CancelMode.Now, RunFixture.Anna)));
        Assert.Equal(RunState.Cancelled, run.State);
        Assert.Equal([StageState.Cancelled, StageState.Skipped], run.Stages);
    }

    [Fact]
    public void Recover_NamesWhatMayHaveBeenLost()
    {
        var run = new RunFixture(TwoStages);
        run.Lease("build.compile");
        Assert.Equal("lint", Assert.IsType<RunEffect.Enqueue>(Assert.Single(RunMachine.Recover(run.Model))).Attempt.Job.Job);
        run.Do(machine => machine.Cancel(CancelMode.Now, RunFixture.Anna));
        Assert.IsType<RunEffect.Stop>(Assert.Single(RunMachine.Recover(run.Model)));
    }

    [Fact]
    public void Report_ThatWaitedForTheServer_TellsWhenItReallyWas()
    {
        var run = AtTest();
        var lease = run.Lease("test.unit");
        var leased = run.Attempt("test.unit").LeasedAt!.Value;
        run.Wait(TimeSpan.FromMinutes(9));
        run.Do(machine => machine.Report(Final(lease, ran: TimeSpan.FromMinutes(3), ago: TimeSpan.FromMinutes(5))));
        var attempt = run.Attempt("test.unit");
        Assert.Equal(TimeSpan.FromMinutes(4), attempt.FinishedAt - leased - TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromMinutes(3), attempt.FinishedAt - attempt.StartedAt);
    }

    [Theory]
    [InlineData(-5, -5)]
    [InlineData(1e9, 1e9)]
    public void Report_WithImpossibleTimes_StaysBetweenLeaseAndNow(double ran, double ago)
    {
        var run = AtTest();
        var lease = run.Lease("test.unit");
        run.Do(machine => machine.Report(Final(lease, TimeSpan.FromSeconds(ran), TimeSpan.FromSeconds(ago))));
        var attempt = run.Attempt("test.unit");
        Assert.InRange(attempt.StartedAt!.Value, attempt.LeasedAt!.Value, attempt.FinishedAt!.Value);
        Assert.InRange(attempt.FinishedAt!.Value, attempt.LeasedAt!.Value, run.Model.Head.FinishedAt!.Value);
    }

    private static AttemptReport Final(Assignment lease, TimeSpan ran, TimeSpan ago) => new(
        lease.Attempt, lease.Lease, RunFixture.Agent, ReportKind.Succeeded, null, null, 0,
        ImmutableSortedDictionary<string, string>.Empty, 0, ran, ago);

    /// <summary>A run in its second stage, whose job waits for an agent.</summary>
    internal static RunFixture AtTest()
    {
        var run = new RunFixture(TwoStages);
        run.Succeed("build.compile");
        run.Succeed("build.lint");
        return run;
    }

    [Fact]
    public void Report_OfWhatTheEndFound_IsInTheView()
    {
        var run = new RunFixture(TwoStages);
        var lease = run.Lease("build.compile");

        var cleanup = new CleanupView(3, 1, 2, 1, 5040);
        Assert.Null(run.Do(machine => machine.Report(new AttemptReport(
            lease.Attempt, lease.Lease, lease.Agent, ReportKind.Failed, Reasons.TimedOut, null, null, ImmutableSortedDictionary<string, string>.Empty, 10, Cleanup: cleanup))));

        Assert.Equal(cleanup, RunViews.Attempt(run.Attempt("build.compile")).Cleanup);
    }
}
