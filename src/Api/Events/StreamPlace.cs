using Control.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Control.Api.Events;

/// <summary>
/// Where a reader of events or of a log stopped: the number of what it saw last and a mark of the store it saw it in, such as
/// <c>17.3fa9c2d1</c>. In a store that was restored from a backup the numbers after the backup stand for other things: who comes
/// with another store's mark is told so. A bare number is taken as well.
/// </summary>
internal static class StreamPlace
{
    // 32 bits of the incarnation: two that follow one another are alike once in four billion restores.
    private const int MarkLength = 8;

    /// <summary>The text of a place.</summary>
    public static string Write(long number, string incarnation) =>
        string.Create(CultureInfo.InvariantCulture, $"{number}.{incarnation.AsSpan(0, MarkLength)}");

    /// <summary>The number behind which a request goes on, from its <c>Last-Event-ID</c>, else from the query; 0 for the beginning.</summary>
    /// <param name="request">Of a reader.</param>
    /// <param name="field">The query's field.</param>
    /// <param name="query">What it says.</param>
    /// <exception cref="ControlException">It is no place, or one of a store before a restore.</exception>
    public static long Read(HttpRequest request, string field, string? query)
    {
        var last = request.Headers["Last-Event-ID"].ToString();
        return last.Length > 0 ? Read("Last-Event-ID", last, Incarnation(request)) : Read(field, query ?? "", Incarnation(request));
    }

    /// <summary>Refuses a reader who has seen more than there is.</summary>
    /// <param name="number">The last number it saw.</param>
    /// <param name="newest">The last one there is.</param>
    /// <exception cref="ControlException"><c>store-restored</c>.</exception>
    public static void RefuseBeyond(long number, long newest)
    {
        if (number > newest)
        {
            throw StoreRestored.ForReaders();
        }
    }

    private static long Read(string field, string text, string incarnation)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        if (dot < 0)
        {
            return Lists.Number(field, text, 0);
        }

        var mark = text[(dot + 1)..];
        if (dot == 0 || mark.Length != MarkLength || !mark.All(char.IsAsciiHexDigitLower))
        {
            throw Outcomes.BadRequest(new FieldError(field, "Must be an event's id, or its number."));
        }

        var number = Lists.Number(field, text[..dot], 0);
        return incarnation.StartsWith(mark, StringComparison.Ordinal) ? number : throw StoreRestored.ForReaders();
    }

    private static string Incarnation(HttpRequest request) => request.HttpContext.RequestServices.GetRequiredService<ControlStore>().Incarnation;
}
