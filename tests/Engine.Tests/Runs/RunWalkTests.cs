using System.Collections.Immutable;
using Control.Contracts.Runs;
using Control.Engine.Runs;

namespace Control.Engine.Tests.Runs;

/// <summary>Seeded random walks: whatever order events come in, the invariants hold and every run can be brought to an end.</summary>
public sealed class RunWalkTests
{
    private const string Pipeline = """
        stages:
          - name: one
            jobs:
              a: { steps: ["true"], retry: 2 }
              b: { steps: ["true"] }
              c: { steps: ["true"], retry: { limit: 1, on: [lost] } }
          - name: two
            gate: { message: "Go?" }
            jobs:
              d: { steps: ["true"] }
          - name: three
            jobs:
              e: { steps: ["true"], retry: 1 }
              f: { steps: ["true"] }
        """;

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Walk_KeepsTheInvariants(int seed)
    {
        var random = new Random(seed);
        var run = new RunFixture(Pipeline);
        var leases = new HashSet<long>();
        for (var step = 0; step < 300; step++)
        {
            var before = run.Model;
            Step(random, run, leases);
            Check(before, run.Model);
        }

        Finish(run);
        Assert.True(run.Model.Head.IsTerminal);
        Assert.DoesNotContain(run.Model.Attempts.Values, attempt => !attempt.IsTerminal);
    }

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 200)];

    private static void Step(Random random, RunFixture run, HashSet<long> leases)
    {
        var attempts = run.Model.Attempts.Values.OrderBy(a => a.Id.LocalKey, StringComparer.Ordinal).ToList();
        var attempt = attempts.Count == 0 ? null : attempts[random.Next(attempts.Count)];
        switch (random.Next(20))
        {
            case < 6 when attempt is not null:
                var outcome = run.Do(m => m.TryLease(attempt.Id, RunFixture.Agent, "builder"));
                if (outcome.Granted)
                {
                    Assert.True(leases.Add(outcome.Value.Lease), "a fence was given twice");
                }

                break;
            case < 15 when attempt is not null:
                var kind = (ReportKind)random.Next(1, 5);
                var lease = random.Next(5) == 0 ? attempt.Lease - 1 : attempt.Lease;
                run.Do(m => m.Report(new AttemptReport(attempt.Id, lease, RunFixture.Agent, kind, null, null, 0, ImmutableSortedDictionary<string, string>.Empty, 0)));
                break;
            case 15 when attempt is not null:
                run.Do(m => m.AttemptLost(attempt.LeaseRef, Reasons.AgentLost));
                break;
            case 16:
                run.Decide("two", random.Next(4) > 0);
                break;
            case 17 when random.Next(4) == 0:
                run.Do(m => m.Cancel(RunFixture.Anna));
                break;
            case 18:
                run.Do(m => m.Retry(RunFixture.Anna));
                break;
        }
    }

    private static void Check(RunModel before, RunModel after)
    {
        foreach (var attempt in before.Attempts.Values.Where(a => a.IsTerminal))
        {
            // A terminal attempt never changes again.
            Assert.Equal(attempt, after.Attempts[attempt.Id.LocalKey]);
        }

        Assert.True(after.Head.LastLease >= before.Head.LastLease);
        Assert.True(after.Head.Stages.Count(s => s.State is StageState.Running or StageState.Waiting) <= 1);
        var firstOpen = after.Head.Stages.ToList().FindIndex(s => s.State != StageState.Succeeded);
        Assert.All(after.Head.Stages.Skip(firstOpen + 1), stage => Assert.True(firstOpen < 0 || stage.State != StageState.Running));
        if (after.Head.IsTerminal)
        {
            Assert.DoesNotContain(after.Attempts.Values, a => !a.IsTerminal);
            Assert.NotNull(after.Head.FinishedAt);
        }

        if (after.Head.State == RunState.Running)
        {
            Assert.Contains(after.Attempts.Values, a => !a.IsTerminal);
        }

        if (after.Head.State == RunState.Succeeded)
        {
            Assert.All(after.Head.Stages, stage => Assert.Equal(StageState.Succeeded, stage.State));
        }

        foreach (var job in after.Attempts.Values.GroupBy(a => a.Id.Job))
        {
            // One try at a time, numbered without gaps.
            Assert.True(job.Count(a => !a.IsTerminal) <= 1);
            Assert.Equal(job.Count(), job.Max(a => a.Id.Number));
        }
    }

    private static void Finish(RunFixture run)
    {
        if (!run.Model.Head.IsTerminal)
        {
            run.Do(m => m.Cancel(RunFixture.Anna));
        }

        foreach (var held in run.Model.Attempts.Values.Where(a => a.IsHeld).ToList())
        {
            run.Do(m => m.AttemptLost(held.LeaseRef, Reasons.AgentLost));
        }
    }
}
