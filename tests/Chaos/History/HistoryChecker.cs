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
            .. Duplicated(seen.OfType<JobBegan>()),
            .. DoubleLocks(seen),
            .. ReversedRuns(seen),
            .. ReversedAttempts(seen.OfType<AttemptSeen>()),
            .. LogBytes(seen),
            .. Events(seen.OfType<EventSeen>()),
        ];
    }

    private static IEnumerable<Finding> Lost(Seen[] seen)
    {
        var ended = seen.OfType<RunSeen>().Where(run => IsFinal(run.State)).Select(run => run.Run).ToHashSet();
        return seen.OfType<RunStarted>().Where(started => !ended.Contains(started.Run))
            .Select(started => new Finding(Wrong.Lost, $"{started.Run}, started {started.At:O}, was never seen to end."));
    }

    private static IEnumerable<Finding> Duplicated(IEnumerable<JobBegan> began) => began
        .GroupBy(job => job.Attempt).Where(jobs => jobs.Count() > 1)
        .Select(jobs => new Finding(Wrong.Duplicated, $"{jobs.Key} began {jobs.Count()} times: {string.Join(", ", jobs.Select(job => $"{job.At:O}"))}."));

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

    private static IEnumerable<Finding> LogBytes(Seen[] seen)
    {
        var logs = seen.OfType<LogRead>().ToLookup(log => log.Attempt);
        foreach (var log in logs.Select(reads => reads.Last()).Where(log => log.ReportedLength != log.Bytes.Length))
        {
            yield return new Finding(Wrong.LogBytes, $"The log of {log.Attempt} has {log.Bytes.Length} bytes, its agent reported {log.ReportedLength}.");
        }

        foreach (var piece in seen.OfType<LogAcknowledged>())
        {
            if (logs[piece.Attempt].LastOrDefault() is not { } log)
            {
                yield return new Finding(Wrong.LogBytes, $"{piece.Bytes.Length} bytes at {piece.Offset} of {piece.Attempt} were acknowledged, and its log could not be read.");
            }
            else if (piece.Offset + piece.Bytes.Length > log.Bytes.Length || !log.Bytes.AsSpan((int)piece.Offset, piece.Bytes.Length).SequenceEqual(piece.Bytes))
            {
                yield return new Finding(Wrong.LogBytes, $"{piece.Bytes.Length} bytes at {piece.Offset} of {piece.Attempt} were acknowledged and are not what is stored.");
            }
        }
    }

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
