using Control.Contracts.Triggers;
using Cronos;

namespace Control.Engine.Triggers;

/// <summary>
/// Times that a cron expression names in a time zone. Where the clock is put forward, a time of day that is left out comes right
/// after the gap; where it is put back, a time of day comes once, and what comes every so often goes on doing so.
/// </summary>
public sealed class CronSchedule
{
    /// <summary>Most characters of an expression.</summary>
    public const int MaxLength = 100;

    private const int Fields = 5;

    // From any of them on, whatever comes at all comes within a few decades.
    private static readonly DateTimeOffset Once = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    // How far to look back for the last times before now: an expression that comes often is found in the first.
    private static readonly TimeSpan[] Windows = [TimeSpan.FromHours(1), TimeSpan.FromDays(1), TimeSpan.FromDays(31), TimeSpan.FromDays(366), TimeSpan.MaxValue];

    private readonly CronExpression _expression;
    private readonly TimeZoneInfo _zone;

    private CronSchedule(CronExpression expression, TimeZoneInfo zone) => (_expression, _zone) = (expression, zone);

    /// <summary>What is wrong with an expression; null when nothing is.</summary>
    public static string? CheckCron(string text)
    {
        const string cure = "Write minute, hour, day of the month, month and day of the week, such as '30 2 * * 1-5'.";
        if (text.Length > MaxLength || text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length != Fields || !CronExpression.TryParse(text, out var expression))
        {
            return $"This is no cron expression of five fields. {cure}";
        }

        return expression.GetNextOccurrence(Once, TimeZoneInfo.Utc) is null ? $"There is no such day. {cure}" : null;
    }

    /// <summary>What is wrong with a time zone's name; null when nothing is.</summary>
    public static string? CheckZone(string name) => name.Length <= MaxLength && TimeZoneInfo.TryFindSystemTimeZoneById(name, out _)
        ? null
        : "There is no such time zone, or the server has no time zones (on Debian: package tzdata). Write an IANA name, such as Europe/Berlin, or UTC.";

    /// <summary>The schedule of a trigger; null when this server does not know its time zone.</summary>
    public static CronSchedule? Of(TriggerSpec trigger) =>
        CronExpression.TryParse(trigger.Cron, out var expression) && TimeZoneInfo.TryFindSystemTimeZoneById(trigger.TimeZone, out var zone)
            ? new CronSchedule(expression, zone)
            : null;

    /// <summary>The first time after another; null for never.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset at) => _expression.GetNextOccurrence(at, _zone)?.ToUniversalTime();

    /// <summary>The last times from one time to another, both included, oldest first.</summary>
    public ImmutableArray<DateTimeOffset> Latest(DateTimeOffset from, DateTimeOffset to, int count)
    {
        foreach (var window in Windows)
        {
            var isWhole = window >= to - from;
            var found = _expression.GetOccurrences(isWhole ? from : to - window, to, _zone, fromInclusive: true, toInclusive: true).ToList();
            if (isWhole || found.Count >= count)
            {
                return [.. found.TakeLast(count).Select(at => at.ToUniversalTime())];
            }
        }

        return [];
    }
}
