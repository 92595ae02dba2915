using System.Collections.Concurrent;
using System.Text.Json;

namespace Control.Engine.Runs;

/// <summary>States as the words that the JSON and the index columns use.</summary>
public static class StateWords
{
    /// <summary>The camelCase word of a state.</summary>
    public static string Of<T>(T state)
        where T : struct, Enum => Words<T>.Map.GetOrAdd(state, static value => JsonNamingPolicy.CamelCase.ConvertName(value.ToString()));

    private static class Words<T>
        where T : struct, Enum
    {
        public static readonly ConcurrentDictionary<T, string> Map = new();
    }
}
