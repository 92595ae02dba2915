using Control.Contracts.Runs;

namespace Control.Chaos.History;

/// <summary>
/// Looks for what may never have happened, whatever died meanwhile. It knows nothing of how Control works: only what was seen
/// from outside, and what that must satisfy.
/// </summary>
internal static class HistoryChecker
{
    /// <summary>All findings; empty for a history in which nothing is wrong.</summary>
    public static IReadOnlyList<Finding> Check(IEnumerable<Seen> history)
    {
        var seen = history.OrderBy(item => item.At).ToArray();
        return
        [
            .. Lost(seen),
            .. Unended(seen.OfType<AttemptSeen>()),
            .. Duplicated(seen.OfType<JobBegan>()),
            .. DuplicatedRuns(seen.OfType<RunFound>()),
            .. DoubleLocks(seen),
            .. ReversedRuns(seen),
            .. ReversedAttempts(seen.OfType<AttemptSeen>()),
            .. AcknowledgedBytes(seen),
            .. WrittenBytes(seen),
            .. Events(seen.OfType<EventSeen>()),
        ];
    }

    private static IEnumerable<Finding> Lost(Seen[] seen)
    {
        var ended = seen.OfType<RunSeen>().Where(run => IsFinal(run.State)).Select(run => run.Run).ToHashSet();
        return seen.Select(item => item is RunAccepted started ? started.Run : (item as RunFound)?.Run).OfType<RunId>().Distinct()
            .Where(run => !ended.Contains(run)).Select(run => new Finding(Wrong.Lost, $"{run} was never seen to end."));
    }

    private static IEnumerable<Finding> Unended(IEnumerable<AttemptSeen> attempts) => attempts
        .GroupBy(attempt => attempt.Attempt).Where(states => !states.Any(attempt => IsFinal(attempt.State))).Select(states => states.MaxBy(attempt => attempt.Sequence)!)
        .Select(last => new Finding(Wrong.Lost, $"{last.Attempt} was {last.State} to the last."));

    private static IEnumerable<Finding> Duplicated(IEnumerable<JobBegan> began) => began
        .GroupBy(job => job.Attempt).Where(jobs => jobs.Count() > 1)
        .Select(jobs => new Finding(Wrong.Duplicated, $"{jobs.Key} began {jobs.Count()} times: {string.Join(", ", jobs.Select(job => $"{job.At:O}"))}."));

    private static IEnumerable<Finding> DuplicatedRuns(IEnumerable<RunFound> found) => found
        .GroupBy(run => run.Order).Where(runs => runs.DistinctBy(run => run.Run).Count() > 1)
        .Select(runs => new Finding(Wrong.Duplicated, $"One start made {string.Join(", ", runs.Select(run => run.Run))}."));

    // Who entered and did not leave by then was certainly inside.
    private static IEnumerable<Finding> DoubleLocks(Seen[] seen)
    {
        var inside = new Dictionary<string, HashSet<AttemptId>>();
        foreach (var item in seen)
        {
            if (item is GroupLeft left && inside.TryGetValue(left.Group, out var holders)) holders.Remove(left.Attempt);
            if (item is not GroupEntered entered) continue;
            if (!inside.TryGetValue(entered.Group, out holders)) inside[entered.Group] = holders = [];
            holders.Add(entered.Attempt);
            if (holders.Count > entered.Limit)
            {
                yield return new Finding(Wrong.DoubleLock, $"{holders.Count} were in {entered.Group}, which takes {entered.Limit}, at {entered.At:O}: {string.Join(", ", holders)}.");
            }
        }
    }

    // Only by somebody's retry does a run go on after its end, once for each.
    private static IEnumerable<Finding> ReversedRuns(Seen[] seen)
    {
        var retries = seen.OfType<RunRetried>().CountBy(retry => retry.Run).ToDictionary();
        return seen.OfType<RunSeen>().GroupBy(run => run.Run).SelectMany(states =>
            Reversed(states.Select(run => (run.Sequence, $"{run.State}", IsFinal(run.State))), $"{states.Key}", retries.GetValueOrDefault(states.Key)));
    }

    private static IEnumerable<Finding> ReversedAttempts(IEnumerable<AttemptSeen> attempts) => attempts.GroupBy(attempt => attempt.Attempt)
        .SelectMany(states => Reversed(states.Select(attempt => (attempt.Sequence, $"{attempt.State}", IsFinal(attempt.State))), $"{states.Key}", reopenings: 0));

    private static IEnumerable<Finding> Reversed(IEnumerable<(long Sequence, string State, bool IsFinal)> states, string whose, int reopenings)
    {
        (long Sequence, string State, bool IsFinal)? before = null;
        foreach (var now in states.Distinct().OrderBy(state => state.Sequence))
        {
            if (before is { IsFinal: true } final && final.State != now.State && (now.IsFinal || --reopenings < 0))
            {
                yield return new Finding(Wrong.Reversed, $"{whose} was {final.State} at event {final.Sequence} and {now.State} at {now.Sequence}.");
            }

            before = now;
        }
    }

    private static IEnumerable<Finding> AcknowledgedBytes(Seen[] seen)
    {
        var logs = Logs(seen);
        foreach (var piece in seen.OfType<LogAcknowledged>())
        {
            if (!logs.TryGetValue(piece.Attempt, out var log))
            {
                yield return new Finding(Wrong.LogBytes, $"{piece.Bytes.Length} bytes at {piece.Offset} of {piece.Attempt} were acknowledged, and its log could not be read.");
            }
            else if (piece.Offset + piece.Bytes.Length > log.Bytes.Length || !log.Bytes.AsSpan((int)piece.Offset, piece.Bytes.Length).SequenceEqual(piece.Bytes))
            {
                yield return new Finding(Wrong.LogBytes, $"{piece.Bytes.Length} bytes at {piece.Offset} of {piece.Attempt} were acknowledged and are not what is stored.");
            }
        }
    }

    // What an attempt wrote counts once it was reported to have ended by itself.
    private static IEnumerable<Finding> WrittenBytes(Seen[] seen)
    {
        var logs = Logs(seen);
        foreach (var log in logs.Values.Where(log => log.ReportedLength is { } length && length != log.Bytes.Length))
        {
            yield return new Finding(Wrong.LogBytes, $"The log of {log.Attempt} has {log.Bytes.Length} bytes, its agent reported {log.ReportedLength}.");
        }

        var completed = seen.OfType<AttemptSeen>().Where(attempt => attempt.State is AttemptState.Succeeded or AttemptState.Failed).Select(attempt => attempt.Attempt).ToHashSet();
        foreach (var wrote in seen.OfType<JobWrote>().Where(wrote => completed.Contains(wrote.Attempt)))
        {
            var stored = logs.TryGetValue(wrote.Attempt, out var log) ? log.Bytes : [];
            var at = stored.AsSpan().IndexOf(wrote.Bytes);
            if (at < 0 || stored.AsSpan(at + 1).IndexOf(wrote.Bytes) >= 0)
            {
                yield return new Finding(Wrong.LogBytes, $"{wrote.Attempt} wrote {wrote.Bytes.Length} bytes, which its log does not have exactly once among its {stored.Length}.");
            }
        }
    }

    private static Dictionary<AttemptId, LogRead> Logs(Seen[] seen) => seen.OfType<LogRead>().GroupBy(log => log.Attempt).ToDictionary(reads => reads.Key, reads => reads.Last());

    private static IEnumerable<Finding> Events(IEnumerable<EventSeen> events)
    {
        var all = events.ToArray();
        foreach (var stream in all.GroupBy(item => (item.Follower, item.Run)))
        {
            long expected = 1;
            foreach (var item in stream)
            {
                if (item.Sequence != expected) yield return new Finding(Wrong.Events, $"{stream.Key.Follower} got event {item.Sequence} of {stream.Key.Run} where {expected} was next.");
                expected = item.Sequence + 1;
            }
        }

        foreach (var one in all.GroupBy(item => (item.Run, item.Sequence)).Where(same => same.Select(item => item.Body).Distinct().Count() > 1))
        {
            yield return new Finding(Wrong.Events, $"Event {one.Key.Sequence} of {one.Key.Run} was told in {one.Select(item => item.Body).Distinct().Count()} ways.");
        }
    }

    private static bool IsFinal(AttemptState state) => state is AttemptState.Succeeded or AttemptState.Failed or AttemptState.Cancelled or AttemptState.Lost;

    private static bool IsFinal(RunState state) => state is RunState.Succeeded or RunState.Failed or RunState.Cancelled;
}
