namespace Orleans.Runtime;

/// <summary>
/// Named values that travel from a caller along its calls. What a callee sets does not come back.
/// Values are shared between caller and callee: only immutable ones belong here.
/// </summary>
public static class RequestContext
{
    // The dictionary is replaced, never changed, so that handing it to a call is handing over a reference.
    private static readonly AsyncLocal<Dictionary<string, object>?> Current = new();

    /// <summary>The names of the values set.</summary>
    public static IEnumerable<string> Keys => Current.Value?.Keys ?? Enumerable.Empty<string>();

    /// <summary>The values set.</summary>
    public static IEnumerable<KeyValuePair<string, object>> Entries => Current.Value ?? Enumerable.Empty<KeyValuePair<string, object>>();

    internal static Dictionary<string, object>? Snapshot
    {
        get => Current.Value;
        set => Current.Value = value;
    }

    /// <summary>A value, null when it is not set.</summary>
    public static object? Get(string key) => Current.Value is { } values && values.TryGetValue(key, out var value) ? value : null;

    /// <summary>Sets a value for the calls made from here on.</summary>
    public static void Set(string key, object value)
    {
        ArgumentNullException.ThrowIfNull(key);
        var values = Current.Value is { } old ? new Dictionary<string, object>(old) : [];
        values[key] = value;
        Current.Value = values;
    }

    /// <summary>Removes a value; false when there was none.</summary>
    public static bool Remove(string key)
    {
        if (Current.Value is not { } old || !old.ContainsKey(key)) return false;
        var values = new Dictionary<string, object>(old);
        values.Remove(key);
        Current.Value = values.Count == 0 ? null : values;
        return true;
    }

    /// <summary>Removes all values.</summary>
    public static void Clear()
    {
        if (Current.Value is not null) Current.Value = null;
    }
}
