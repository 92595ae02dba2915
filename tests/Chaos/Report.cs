using System.Globalization;
using Control.Chaos.History;
using Control.Chaos.Plans;
using Control.Contracts.Runs;

namespace Control.Chaos;

/// <summary>The figures of a fault run.</summary>
internal static class Report
{
    /// <summary>Prints them, and what is wrong; 1 if anything is, or if there was nothing to be wrong.</summary>
    public static int Print(Outcome outcome, TextWriter output, TextWriter errors)
    {
        foreach (var finding in outcome.Findings) errors.WriteLine($"{finding.Wrong}: {finding.Text}");
        foreach (var (refusal, count) in outcome.Refusals) errors.WriteLine($"clients were refused {count} times, {refusal}");
        var seen = outcome.History;
        var ends = seen.OfType<RunSeen>().Where(run => run.Sequence == long.MaxValue).CountBy(run => run.State).ToDictionary();
        Print(output, "runs", seen.OfType<RunFound>().Count(), "runs");
        Print(output, "runs_succeeded", ends.GetValueOrDefault(RunState.Succeeded), "runs");
        Print(output, "jobs", seen.OfType<JobBegan>().Count(), "jobs");
        Print(output, "jobs_lost", seen.OfType<AttemptSeen>().Count(attempt => attempt is { Sequence: long.MaxValue, State: AttemptState.Lost }), "jobs");
        Print(output, "locks", seen.OfType<GroupEntered>().Count(), "locks");
        Print(output, "events", seen.OfType<EventSeen>().Count(), "events");
        Print(output, "log_bytes", seen.OfType<LogRead>().Sum(log => (long)log.Bytes.Length), "B");
        Print(output, "faults", outcome.Faults.Count, "faults");
        Print(output, "kills", outcome.Faults.Count(done => done.Fault.Kind is FaultKind.KillNode or FaultKind.KillAgent or FaultKind.KillDatabase or FaultKind.RestartRedis), "kills");
        Print(output, "lost", Count(outcome, Wrong.Lost), "runs");
        Print(output, "duplicated", Count(outcome, Wrong.Duplicated), "jobs");
        Print(output, "double_locks", Count(outcome, Wrong.DoubleLock), "locks");
        Print(output, "reversed", Count(outcome, Wrong.Reversed), "states");
        Print(output, "log_bytes_wrong", Count(outcome, Wrong.LogBytes), "pieces");
        Print(output, "events_wrong", Count(outcome, Wrong.Events), "events");
        if (outcome.Failover is { } failover) Print(output, "failover_max", failover.TotalSeconds, "s");
        Print(output, "unanswered_max", outcome.Unanswered.TotalSeconds, "s");
        var isEmpty = ends.GetValueOrDefault(RunState.Succeeded) == 0 || !seen.OfType<GroupEntered>().Any() || !seen.OfType<LogAcknowledged>().Any();
        if (isEmpty) errors.WriteLine("Too little happened for anything to be wrong: run it for longer.");
        return outcome.Findings.Count > 0 || isEmpty ? 1 : 0;
    }

    private static int Count(Outcome outcome, Wrong wrong) => outcome.Findings.Count(finding => finding.Wrong == wrong);

    private static void Print(TextWriter output, string name, double value, string unit) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"chaos.{name} {value:0.###} {unit}"));
}
