using System.Collections.Immutable;

namespace Control.Cli.Client;

/// <summary>An answer as understood and as sent, so that <c>-o json</c> can show fields this program does not know yet.</summary>
/// <param name="Value">As understood.</param>
/// <param name="Json">As sent.</param>
public sealed record Answer<T>(T Value, string Json);

/// <summary>A page of a list.</summary>
/// <param name="Items">In the server's order.</param>
/// <param name="NextCursor">Gets the next page; null on the last.</param>
public sealed record ItemPage<T>(ImmutableArray<T> Items, string? NextCursor);

/// <summary>Which part of a list is wanted.</summary>
/// <param name="State">Only objects in this state; null for all.</param>
/// <param name="Cursor">From the page before; null for the first.</param>
/// <param name="Limit">Items per page, 1 to 200; null leaves it to the server.</param>
public sealed record PageQuery(string? State = null, string? Cursor = null, int? Limit = null)
{
    /// <summary>The first page, everything.</summary>
    public static PageQuery All { get; } = new(Limit: 200);
}
