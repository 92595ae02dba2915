using Control.Storage.Queries;
using Control.Storage.Queries.Subjects;
using Microsoft.AspNetCore.Mvc;

namespace Control.Api.Http;

/// <summary>Which part of a list to show. Numbers are read by us, so that a wrong one is named in the answer.</summary>
/// <param name="Cursor">The last page's <c>nextCursor</c>.</param>
/// <param name="Limit">Items per page, 1 to 200, 50 unless told.</param>
internal sealed record ListQuery([FromQuery(Name = "cursor")] string? Cursor, [FromQuery(Name = "limit")] string? Limit)
{
    /// <summary>The limit as a number.</summary>
    /// <exception cref="ControlException">It is not one from 1 to 200.</exception>
    public int Size => Limit is null ? 50
        : int.TryParse(Limit, NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size is >= 1 and <= 200 ? size
        : throw Outcomes.BadRequest(new FieldError("limit", "Must be a number from 1 to 200."));
}

/// <summary>A page of a list.</summary>
/// <param name="Items">In order.</param>
/// <param name="NextCursor">For the next page; absent on the last.</param>
internal sealed record Listing<T>(ImmutableArray<T> Items, string? NextCursor);

/// <summary>Makes pages of queries' answers.</summary>
internal static class Lists
{
    public static Ok<Listing<T>> Show<T>(this Page<Row<T>> page) =>
        TypedResults.Ok(new Listing<T>([.. page.Items.Select(r => r.View)], page.NextCursor));

    public static Ok<Listing<T>> Show<T>(this Page<StoredChildView> page) =>
        TypedResults.Ok(new Listing<T>([.. page.Items.Where(c => c.View is not null).Select(c => ContractJson.Read<T>(c.View!))], page.NextCursor));

    /// <summary>A whole number of the query string, 0 or more.</summary>
    /// <exception cref="ControlException">It is something else.</exception>
    public static long Number(string field, string? text, long otherwise) =>
        string.IsNullOrEmpty(text) ? otherwise
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw Outcomes.BadRequest(new FieldError(field, "Must be a whole number, 0 or more."));
}
