using System.Globalization;
using Control.Contracts.Triggers;
using Control.Engine.Triggers;

namespace Control.Engine.Tests.Triggers;

public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("30 2 * * *")]
    [InlineData("*/10 8-17 1,15 jan-jun mon-fri")]
    [InlineData("0 0 29 2 *")]
    public void CheckCron_Right_Accepts(string text) => Assert.Null(CronSchedule.CheckCron(text));

    [Theory]
    [InlineData("")]
    [InlineData("* * * *")]
    [InlineData("* * * * * *")]
    [InlineData("60 * * * *")]
    [InlineData("@daily")]
    [InlineData("* * * * mon;rm -rf /")]
    [InlineData("0 0 30 2 *")]
    public void CheckCron_Wrong_SaysHowToWriteIt(string text) => Assert.Contains("'30 2 * * 1-5'", CronSchedule.CheckCron(text), StringComparison.Ordinal);

    [Fact]
    public void CheckCron_Enormous_IsRefused() => Assert.NotNull(CronSchedule.CheckCron(string.Join(',', Enumerable.Repeat("1", 60)) + " * * * *"));

    [Theory]
    [InlineData("Europe/Berlin", true)]
    [InlineData("UTC", true)]
    [InlineData("Mars/Olympus", false)]
    [InlineData("../../etc/passwd", false)]
    [InlineData("", false)]
    public void CheckZone_KnowsIanaNames(string zone, bool isRight) => Assert.Equal(isRight, CronSchedule.CheckZone(zone) is null);

    // Berlin: 02:00 to 03:00 is left out on 29 March 2026, and comes twice on 25 October.
    [Theory]
    [InlineData("30 2 * * *", "2026-03-28T12:00Z", "2026-03-29T01:00Z 2026-03-30T00:30Z")]
    [InlineData("30 2 * * *", "2026-10-24T12:00Z", "2026-10-25T00:30Z 2026-10-26T01:30Z")]
    [InlineData("0 * * * *", "2026-03-29T00:30Z", "2026-03-29T01:00Z 2026-03-29T02:00Z")]
    [InlineData("*/30 * * * *", "2026-10-25T00:20Z", "2026-10-25T00:30Z 2026-10-25T01:00Z 2026-10-25T01:30Z 2026-10-25T02:00Z")]
    public void NextAfter_WhereTheClockIsPutForwardOrBack(string cron, string from, string expected)
    {
        var schedule = Of(cron, "Europe/Berlin");
        var at = Time(from);
        var times = expected.Split(' ').Select(Time).ToList();

        Assert.Equal(times, times.Select(_ => at = schedule.NextAfter(at)!.Value));
    }

    [Theory]
    [InlineData("* * * * *", "2025-01-01T00:00Z", 3, "2026-01-01T11:58Z 2026-01-01T11:59Z 2026-01-01T12:00Z")]
    [InlineData("0 6 * * *", "2025-01-01T00:00Z", 2, "2025-12-31T06:00Z 2026-01-01T06:00Z")]
    [InlineData("0 0 1 1 *", "2020-06-01T00:00Z", 3, "2024-01-01T00:00Z 2025-01-01T00:00Z 2026-01-01T00:00Z")]
    [InlineData("0 0 1 1 *", "2025-06-01T00:00Z", 3, "2026-01-01T00:00Z")]
    [InlineData("0 12 1 1 *", "2026-01-01T12:00Z", 1, "2026-01-01T12:00Z")]
    public void Latest_AreTheLastUpToNow(string cron, string from, int count, string expected) =>
        Assert.Equal(expected.Split(' ').Select(Time), Of(cron, "UTC").Latest(Time(from), Time("2026-01-01T12:00Z"), count));

    private static CronSchedule Of(string cron, string zone) =>
        CronSchedule.Of(new TriggerSpec("t", cron, zone, MissedTicks.Once, System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty, null))!;

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
