using Control.Chaos.History;
using Control.Contracts.Runs;

namespace Control.Chaos.Tests;

/// <summary>A checker that finds nothing wrong with a wrong history is worth nothing.</summary>
public sealed class HistoryCheckerTests
{
    private static readonly DateTimeOffset Begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly RunId Run = RunId.Parse("w/p/1");
    private static readonly RunId Other = RunId.Parse("w/p/2");
    private static readonly AttemptId First = AttemptId.Parse("w/p/1/s.j/1");
    private static readonly AttemptId Second = AttemptId.Parse("w/p/1/s.j/2");
    private static readonly byte[] Log = "one two three"u8.ToArray();

    // A run whose first attempt is lost and whose second succeeds, followed by two.
    private static readonly Seen[] Good =
    [
        new RunAccepted(At(0), Run),
        .. Events("ann"),
        .. Events("bob"),
        new RunSeen(At(1), Run, 1, RunState.Running),
        new JobBegan(At(2), First),
        new GroupEntered(At(2), "deploy", 1, First),
        new AttemptSeen(At(3), First, 2, AttemptState.Running),
        new GroupLeft(At(4), "deploy", First),
        new AttemptSeen(At(5), First, 3, AttemptState.Lost),
        new JobBegan(At(6), Second),
        new GroupEntered(At(6), "deploy", 1, Second),
        new LogAcknowledged(At(7), Second, 0, Log[..3]),
        new LogAcknowledged(At(7), Second, 0, Log[..7]),
        new LogAcknowledged(At(8), Second, 7, Log[7..]),
        new JobWrote(At(8), Second, Log[4..]),
        new GroupLeft(At(8), "deploy", Second),
        new AttemptSeen(At(9), Second, 4, AttemptState.Succeeded),
        new RunSeen(At(9), Run, 5, RunState.Failed),
        new RunRetried(At(10), Run),
        new RunSeen(At(11), Run, 6, RunState.Running),
        new RunSeen(At(12), Run, 7, RunState.Succeeded),
        new RunSeen(At(12), Run, 7, RunState.Succeeded),
        new LogRead(At(13), Second, Log.Length, Log),
        new RunFound(At(14), Run, "ann-1"),
    ];

    public static TheoryData<string, string> Corruptions => new()
    {
        { "never ends", nameof(Wrong.Lost) },
        { "run found that never ends", nameof(Wrong.Lost) },
        { "attempt never ends", nameof(Wrong.Lost) },
        { "begins twice", nameof(Wrong.Duplicated) },
        { "one start makes two runs", nameof(Wrong.Duplicated) },
        { "enters too early", nameof(Wrong.DoubleLock) },
        { "attempt lives again", nameof(Wrong.Reversed) },
        { "attempt ends twice", nameof(Wrong.Reversed) },
        { "run lives again", nameof(Wrong.Reversed) },
        { "run ends otherwise", nameof(Wrong.Reversed) },
        { "log byte changed", nameof(Wrong.LogBytes) },
        { "log cut", nameof(Wrong.LogBytes) },
        { "log longer than reported", nameof(Wrong.LogBytes) },
        { "log gone", nameof(Wrong.LogBytes) },
        { "log has other bytes than written", nameof(Wrong.LogBytes) },
        { "log has what was written twice", nameof(Wrong.LogBytes) },
        { "event missed", nameof(Wrong.Events) },
        { "event twice", nameof(Wrong.Events) },
        { "event told otherwise", nameof(Wrong.Events) },
    };

    [Fact]
    public void Check_GoodHistory_FindsNothing() => Assert.Empty(HistoryChecker.Check(Good));

    [Theory]
    [MemberData(nameof(Corruptions))]
    public void Check_CorruptedHistory_FindsIt(string corruption, string wrong)
    {
        var findings = HistoryChecker.Check(Corrupt(corruption));
        Assert.NotEmpty(findings);
        Assert.All(findings, finding => Assert.Equal(wrong, $"{finding.Wrong}"));
    }

    private static IEnumerable<Seen> Corrupt(string corruption) => corruption switch
    {
        "never ends" => Good.Where(seen => seen is not RunSeen { State: RunState.Succeeded or RunState.Failed }),
        "run found that never ends" => Good.Append(new RunFound(At(14), Other, "ann-2")),
        "attempt never ends" => Good.Where(seen => seen is not AttemptSeen { State: AttemptState.Lost }),
        "one start makes two runs" => Good.Append(new RunFound(At(14), Other, "ann-1")).Append(new RunSeen(At(14), Other, 1, RunState.Succeeded)),
        "begins twice" => Good.Append(new JobBegan(At(7), Second)),
        "enters too early" => Good.Where(seen => seen is not GroupLeft { Attempt: var attempt } || attempt != First),
        "attempt lives again" => Good.Append(new AttemptSeen(At(6), First, 4, AttemptState.Running)),
        "attempt ends twice" => Good.Append(new AttemptSeen(At(6), First, 4, AttemptState.Failed)),
        "run lives again" => Good.Where(seen => seen is not RunRetried),
        "run ends otherwise" => Good.Append(new RunSeen(At(13), Run, 8, RunState.Cancelled)),
        "log byte changed" => Good.Select(seen => seen is LogRead log ? log with { Bytes = [.. log.Bytes[..4], (byte)'!', .. log.Bytes[5..]] } : seen),
        "log cut" => Good.Select(seen => seen is LogRead log ? log with { Bytes = log.Bytes[..8], ReportedLength = 8 } : seen),
        "log longer than reported" => Good.Select(seen => seen is LogRead log ? log with { Bytes = [.. log.Bytes, (byte)'x'] } : seen),
        "log has other bytes than written" => Good.Select(seen => seen is JobWrote wrote ? wrote with { Bytes = [.. "three two"u8] } : seen),
        "log has what was written twice" => Good.Select(seen => seen is LogRead log ? log with { Bytes = [.. log.Bytes, .. Log[4..]], ReportedLength = log.Bytes.Length + Log.Length - 4 } : seen),
        "log gone" => Good.Where(seen => seen is not LogRead),
        "event missed" => Good.Where(seen => seen is not EventSeen { Follower: "ann", Sequence: 2 }),
        "event twice" => Good.Append(new EventSeen(At(4), "ann", Run, 3, "c")),
        "event told otherwise" => Good.Select(seen => seen is EventSeen { Follower: "bob", Sequence: 2 } told ? told with { Body = "x" } : seen),
        _ => throw new ArgumentOutOfRangeException(nameof(corruption)),
    };

    private static Seen[] Events(string follower) =>
        [new EventSeen(At(1), follower, Run, 1, "a"), new EventSeen(At(2), follower, Run, 2, "b"), new EventSeen(At(3), follower, Run, 3, "c")];

    private static DateTimeOffset At(int second) => Begin.AddSeconds(second);
}
