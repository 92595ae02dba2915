using System.Collections.Immutable;
using System.Text.Json;
using Control.Contracts;
using Control.Contracts.Errors;

namespace Control.Storage.Queries;

/// <summary>Some items of a list.</summary>
/// <param name="Items">In the list's order.</param>
/// <param name="NextCursor">Continues after the last item; null at the end.</param>
public sealed record Page<T>(ImmutableArray<T> Items, string? NextCursor);

/// <summary>Limits of pages.</summary>
public static class PageLimits
{
    /// <summary>Most items of a page.</summary>
    public const int Max = 200;

    /// <summary>Refuses a limit out of range.</summary>
    /// <exception cref="ControlException"><c>bad-limit</c>.</exception>
    internal static void Check(int limit)
    {
        if (limit is < 1 or > Max)
            throw new ControlException("bad-limit", $"limit is {limit}; it must be 1 to {Max}.", new FieldError("limit", $"Set it between 1 and {Max}."));
    }
}

/// <summary>Reads what commits projected.</summary>
internal static class StoredJson
{
    /// <summary>Deserialises a column.</summary>
    /// <exception cref="ControlException"><c>storage-corrupt</c>: it is not JSON of that shape.</exception>
    public static T Read<T>(string json, string what)
    {
        try
        {
            return ContractJson.Read<T>(json);
        }
        catch (JsonException error)
        {
            throw new ControlException("storage-corrupt", $"The stored {what} cannot be read as {typeof(T).Name}: {error.Message} Restore it from a backup.");
        }
    }
}
