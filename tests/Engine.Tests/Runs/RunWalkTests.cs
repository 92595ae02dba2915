using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Control.Contracts.Access;
using Control.Contracts.Groups;
using Control.Contracts.Runs;
using Control.Engine.Runs;
using Control.TestKit;

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

    private const string Rich = """
        timeout: 2h
        concurrency: { group: all, by: branch }
        parameters: { GO: { type: boolean, default: true } }
        stages:
          - name: one
            timeout: 20m
            jobs:
              a: { steps: ["true"], retry: { limit: 2, delay: 10s, factor: 3 }, outputs: [V] }
              b: { steps: ["true"], needs: [a], matrix: { axes: { X: [1, 2, 3, 4] }, maxParallel: 2 }, timeout: 5m, concurrency: legs }
              c: { steps: ["true"], needs: [a, b], when: "outputs.V != 'x'", allowFailure: true }
              d: { steps: ["true"], needs: [a], when: failed() }
              e: { steps: ["true"], needs: [c, d], when: always() }
          - name: two
            when: params.GO
            gate: { message: "Go?", count: 2, deadline: 30m, onDeadline: approve }
            concurrency: { group: two, onLimit: cancelOldest }
            jobs:
              d: { steps: ["true"], needs: [f], retry: 1 }
              f: { steps: ["true"] }
          - name: three
            when: results.two == 'succeeded'
            jobs:
              e: { steps: ["true"], retry: 1 }
        finally:
          clean: { steps: ["true"], retry: 1, timeout: 5m }
          alarm: { steps: ["true"], when: failed(), needs: [clean] }
        """;

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Walk_KeepsTheInvariants(int seed) => Walk(Pipeline, seed);

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Walk_WithEverythingThereIs_KeepsTheInvariants(int seed) => Walk(Rich, seed);

    private static RunFixture Walk(string pipeline, int seed)
    {
        var random = new Random(seed);
        var run = pipeline == Rich ? new RunFixture(pipeline, ("GO", "true")) : new RunFixture(pipeline);
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
        Assert.Empty(run.Places);
        return run;
    }

    // The scenarios are held to this listing: each transition in it is played by one, or says where else it is.
    [Fact]
    public void Transitions_OfAllWalks_AreThoseOfTheListing()
    {
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var run in Enumerable.Range(1, 200).SelectMany(seed => (RunFixture[])[Walk(Pipeline, seed), Walk(Rich, seed)]))
        {
            var transitions = new Transitions();
            run.Log.ForEach(logged => transitions.Add(logged.View));
            seen.UnionWith(transitions.Seen);
        }

        var listing = Path.Combine(Folder(), "transitions.txt");
        if (Environment.GetEnvironmentVariable("UPDATE_LISTINGS") == "1")
        {
            File.WriteAllLines(listing, seen);
        }

        Assert.Equal(File.ReadAllLines(listing), seen);
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    public static TheoryData<int> Seeds() => [.. Enumerable.Range(1, 200)];

    private static void Step(Random random, RunFixture run, HashSet<long> leases)
    {
        var attempts = run.Model.Attempts.Values.OrderBy(a => a.Id.LocalKey, StringComparer.Ordinal).ToList();
        var attempt = attempts.Count == 0 ? null : attempts[random.Next(attempts.Count)];
        switch (random.Next(25))
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
                var person = random.Next(3);
                var by = new Actor(ActorKind.Token, $"t{person}", $"somebody {person}");
                run.Do(m => m.Decide(new DecideGate("two", random.Next(4) > 0, "", ImmutableDictionary<string, string>.Empty, by, [])));
                break;
            case 17 when random.Next(4) == 0:
                run.Do(m => m.Cancel((CancelMode)random.Next(1, 4), RunFixture.Anna));
                break;
            case 18:
                run.Do(m => m.Retry(RunFixture.Anna));
                break;
            case 19 when random.Next(4) == 0:
                run.Rerun(random.Next(2) == 0 ? null : "two", null);
                break;
            case > 20 when run.Asked.Count > 0:
                var asked = run.Asked[random.Next(3) == 0 ? random.Next(run.Asked.Count) : run.Asked.Count - 1];
                var verdict = random.Next(20) switch { 0 => ClaimVerdict.Rejected, 1 => ClaimVerdict.Superseded, _ => ClaimVerdict.Granted };
                var isKnown = run.Places.Contains(asked.Request.Claim.Fence);
                Assert.Equal(isKnown, run.Do(m => m.Answer(new ClaimAnswer(asked.Group, asked.Request.Claim.Fence, verdict, ""))));
                break;
            case 20:
                run.Tick(TimeSpan.FromSeconds(1 << random.Next(1, 12)));
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
        Assert.True(after.Head.Stages.Count(s => s.State is StageState.Running or StageState.Waiting or StageState.Queued) <= 1);
        if (after.Head.IsTerminal)
        {
            Assert.DoesNotContain(after.Attempts.Values, a => !a.IsTerminal);
            Assert.NotNull(after.Head.FinishedAt);
        }

        if (after.Head.State == RunState.Succeeded)
        {
            Assert.All(after.Head.Stages, stage => Assert.True(stage.State is StageState.Succeeded or StageState.Skipped));
            Assert.Null(after.Head.CancelMode);
        }
        else if (!after.Head.IsTerminal)
        {
            // Whatever it waits for, there is somebody or something to wait for.
            Assert.True(after.ActiveAttempts.Any() || after.Head.State == RunState.Queued
                || after.Head.Stages.Any(stage => stage.State is StageState.Waiting or StageState.Queued));
        }

        Assert.True(after.ActiveAttempts.Count(a => a.Id.Job.Job.StartsWith("b-", StringComparison.Ordinal)) <= 2);
        foreach (var attempt in after.ActiveAttempts)
        {
            var job = after.Jobs[attempt.Id.Job];
            Assert.All(job.Needs, need => Assert.True(JobRollup.IsTerminal(after.StateOf(after.Jobs[need]))));
            Assert.True(attempt.Round == after.Head.Round && !after.Head.Stages[job.Stage].Skipped.ContainsKey(job.Key.Job));
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
        if (!run.Model.Head.IsTerminal && run.Model.Head.CancelMode != CancelMode.Now)
        {
            run.Cancel(CancelMode.Now);
        }

        foreach (var held in run.Model.Attempts.Values.Where(a => a.IsHeld).ToList())
        {
            run.Do(m => m.AttemptLost(held.LeaseRef, Reasons.AgentLost));
        }
    }
}
