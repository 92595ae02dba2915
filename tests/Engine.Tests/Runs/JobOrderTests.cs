using Control.Contracts.Runs;
using Control.Engine.Runs;

namespace Control.Engine.Tests.Runs;

/// <summary>Which jobs of a stage run, and when: needs, conditions, matrix, allowed failures, pauses before retries.</summary>
public sealed class JobOrderTests
{
    private const string Diamond = """
        stages:
          - name: s
            jobs:
              a: { steps: ["true"], outputs: [V] }
              b: { steps: ["true"], needs: [a], outputs: [V] }
              c: { steps: ["true"], needs: [a] }
              d: { steps: ["true"], needs: [b, c] }
        """;

    [Fact]
    public void Needs_BeginOnceTheNeededSucceeded_WithTheirOutputs()
    {
        var run = new RunFixture(Diamond);
        Assert.Equal(["s.a/1"], run.Model.Attempts.Keys);
        run.Succeed("s.a", output: "V=1");
        Assert.Equal(["s.a/1", "s.b/1", "s.c/1"], run.Model.Attempts.Keys.Order());
        Assert.Equal("1", run.Lease("s.b").Env.Single(e => e.Name == "V").Value);
        run.Report("s.b", ReportKind.Succeeded, output: "V=2");
        run.Succeed("s.c");
        Assert.Equal("2", run.Lease("s.d").Env.Single(e => e.Name == "V").Value);
    }

    [Fact]
    public void Needs_OneFailed_ThoseBehindAreSkippedWithTheReason()
    {
        var run = new RunFixture(Diamond);
        run.Succeed("s.a");
        run.Fail("s.b");
        Assert.Equal(RunState.Running, run.State);
        run.Succeed("s.c");
        Assert.Equal(RunState.Failed, run.State);
        Assert.Contains("'b'", run.Model.Head.Stages[0].Skipped["d"], StringComparison.Ordinal);
        Assert.Equal(JobState.Skipped, run.JobState("s.d"));
        Assert.Equal("In stage 's' b failed.", run.Model.Head.Message);
    }

    [Fact]
    public void Needs_FirstFailed_EverythingBehindIsSkippedAtOnce()
    {
        var run = new RunFixture(Diamond);
        run.Fail("s.a");
        Assert.Equal(RunState.Failed, run.State);
        Assert.Equal(["b", "c", "d"], run.Model.Head.Stages[0].Skipped.Keys);
        Assert.Single(run.Last.Events, e => e.View is Contracts.Runs.StageView { State: StageState.Running });
    }

    [Fact]
    public void Needs_RetriedByHand_WhatWasSkippedRunsAfterIt()
    {
        var run = new RunFixture(Diamond);
        run.Succeed("s.a");
        run.Fail("s.b");
        run.Succeed("s.c");
        Assert.Null(run.Do(m => m.Retry(RunFixture.Anna)));
        Assert.Equal(["s.b/2"], run.Last.Attempts.Select(a => a.Id.LocalKey));
        run.Succeed("s.b", 2);
        run.Succeed("s.d");
        Assert.Equal(RunState.Succeeded, run.State);
    }

    [Fact]
    public void AllowFailure_CountsNeitherForTheStageNorForThoseThatNeedIt()
    {
        var run = new RunFixture("""
            stages:
              - name: s
                jobs:
                  a: { steps: ["true"], allowFailure: true }
                  b: { steps: ["true"], needs: [a] }
            """);
        run.Fail("s.a");
        run.Succeed("s.b");
        Assert.Equal(RunState.Succeeded, run.State);
        Assert.Equal(JobState.Failed, run.JobState("s.a"));
        Assert.True(RunViews.Stage(run.Model, 0).Details[0].AllowFailure);
    }

    [Theory]
    [InlineData("params.GO", "true", true)]
    [InlineData("params.GO", "false", false)]
    [InlineData("event == 'manual' && pipeline == 'web' && workspace == 'shop'", "true", true)]
    [InlineData("branch == 'main'", "true", false)]
    public void When_OfAJobWithoutNeeds_DecidesAtTheStart(string when, string go, bool runs)
    {
        var run = new RunFixture($$"""
            parameters: { GO: { type: boolean, default: true } }
            stages:
              - name: s
                jobs:
                  a: { steps: ["true"], when: "{{when}}" }
                  b: { steps: ["true"] }
            """, ("GO", go));
        Assert.Equal(runs ? JobState.Queued : JobState.Skipped, run.JobState("s.a"));
    }

    [Fact]
    public void When_AsksForFailure_RunsThoughANeedFailed()
    {
        var run = new RunFixture("""
            stages:
              - name: s
                jobs:
                  a: { steps: ["true"] }
                  alarm: { steps: ["true"], needs: [a], when: failed() }
                  good: { steps: ["true"], needs: [a], when: results.s.a == 'succeeded' }
                  both: { steps: ["true"], needs: [a, good], when: always() }
            """);
        run.Fail("s.a");
        Assert.Equal(JobState.Queued, run.JobState("s.alarm"));
        Assert.Equal(JobState.Skipped, run.JobState("s.good"));
        Assert.Equal(JobState.Queued, run.JobState("s.both"));
        run.Succeed("s.alarm");
        run.Succeed("s.both");
        Assert.Equal(RunState.Failed, run.State);
    }

    [Theory]
    [InlineData("refs/heads/main", "branch == 'main' && tag == ''")]
    [InlineData("refs/tags/v1", "branch == '' && tag == 'v1'")]
    [InlineData(null, "branch == '' && tag == ''")]
    public void When_OfAStage_SeesWhatTheCommitWasFoundBy(string? full, string when)
    {
        var run = new RunFixture($$"""
            source: { repository: "https://git.example.org/a.git" }
            stages:
              - name: never
                when: {{when.Replace("==", "!=", StringComparison.Ordinal).Replace("&&", "||", StringComparison.Ordinal)}}
                jobs: { j: { steps: ["true"] } }
              - name: deploy
                when: {{when}}
                jobs: { j: { steps: ["true"] } }
            """);
        run.Do(m => m.SourceResolved(new SourceResolution(new string('a', 40), null, full)));
        Assert.Equal([StageState.Skipped, StageState.Running], run.Stages);
        run.Succeed("deploy.j");
        Assert.Equal(RunState.Succeeded, run.State);
    }

    [Fact]
    public void When_FalseForEveryStage_RunSucceedsWithoutAJob()
    {
        var run = new RunFixture("""
            stages:
              - { name: s, when: "tag != ''", jobs: { j: { steps: ["true"] } } }
            """);
        Assert.Equal((RunState.Succeeded, 0), (run.State, run.Model.Attempts.Count));
    }

    [Fact]
    public void When_OfAnOutput_SeesEarlierStages()
    {
        var run = new RunFixture("""
            stages:
              - { name: a, jobs: { j: { steps: ["true"], outputs: [CHANGED] } } }
              - { name: b, when: outputs.CHANGED == 'yes', jobs: { j: { steps: ["true"] } } }
              - { name: c, when: outputs.CHANGED == 'no' && results.b == 'skipped', jobs: { j: { steps: ["true"] } } }
            """);
        run.Succeed("a.j", output: "CHANGED=no");
        Assert.Equal([StageState.Succeeded, StageState.Skipped, StageState.Running], run.Stages);
    }

    [Fact]
    public void Matrix_EveryLegIsAJobWithItsValues()
    {
        var run = new RunFixture("""
            stages:
              - name: s
                jobs:
                  unit:
                    env: { OS: none }
                    matrix: { axes: { OS: [debian, alpine], V: ["1", "2"] }, exclude: [{ OS: alpine, V: "1" }], include: [{ OS: win }] }
                    steps: ["true"]
                  after: { needs: [unit], steps: ["true"] }
            """);
        Assert.Equal(
            ["OS=debian, V=1", "OS=debian, V=2", "OS=alpine, V=2", "OS=win", null],
            RunViews.Stage(run.Model, 0).Details.Select(job => job.Matrix));
        Assert.Equal("alpine", run.Lease("s.unit-3").Env.Single(e => e.Name == "OS").Value);
        Assert.Null(run.Report("s.unit-3", ReportKind.Succeeded));
        run.Succeed("s.unit-1");
        run.Succeed("s.unit-2");
        Assert.Equal(JobState.Pending, run.JobState("s.after"));
        run.Succeed("s.unit-4");
        run.Succeed("s.after");
        Assert.Equal(RunState.Succeeded, run.State);
    }

    [Fact]
    public void Matrix_WhenOfALeg_SkipsThatLegOnly()
    {
        var run = new RunFixture("""
            stages:
              - name: s
                jobs:
                  unit: { matrix: { axes: { OS: [a, b] } }, when: matrix.OS != 'a', steps: ["true"] }
            """);
        Assert.Equal([JobState.Skipped, JobState.Queued], [run.JobState("s.unit-1"), run.JobState("s.unit-2")]);
    }

    [Fact]
    public void MaxParallel_NeverMoreLegsThanThat_RetriesIncluded()
    {
        var run = new RunFixture("""
            stages:
              - name: s
                jobs:
                  unit: { matrix: { axes: { N: [1, 2, 3, 4, 5] }, maxParallel: 2 }, retry: 1, steps: ["true"] }
            """);
        var ended = 0;
        while (!run.Model.Head.IsTerminal)
        {
            var active = run.Model.ActiveAttempts.OrderBy(a => a.Id.LocalKey, StringComparer.Ordinal).ToList();
            Assert.InRange(active.Count, 1, 2);
            var attempt = active[0].Id;
            if (attempt.Number == 1)
            {
                run.Fail(attempt.Job.ToString());
            }
            else
            {
                run.Succeed(attempt.Job.ToString(), 2);
                ended++;
            }
        }

        Assert.Equal((RunState.Succeeded, 5), (run.State, ended));
    }

    [Fact]
    public void RetryDelay_GrowsAndIsCapped_AndOccupiesNobody()
    {
        var run = new RunFixture("""
            stages:
              - { name: s, jobs: { j: { steps: ["true"], retry: { limit: 4, delay: 10s, factor: 3, maxDelay: 40s } } } }
            """);
        foreach (var (number, pause) in new[] { (2, 10), (3, 30), (4, 40), (5, 40) })
        {
            run.Fail("s.j", number - 1);
            var next = run.Attempt("s.j", number);
            Assert.Equal((AttemptState.Delayed, run.Now.AddSeconds(pause)), (next.State, next.NotBefore));
            Assert.Equal(next.NotBefore, RunMachine.NextDue(run.Model));
            Assert.DoesNotContain(run.Last.Effects, effect => effect is RunEffect.Enqueue);
            run.Tick(TimeSpan.FromSeconds(pause - 1));
            Assert.Equal(JobState.Delayed, run.JobState("s.j"));
            run.Tick(TimeSpan.FromSeconds(1));
            Assert.Equal(AttemptState.Queued, run.Attempt("s.j", number).State);
            Assert.Contains(run.Last.Effects, effect => effect is RunEffect.Enqueue);
        }

        run.Fail("s.j", 5);
        Assert.Equal(RunState.Failed, run.State);
    }
}
