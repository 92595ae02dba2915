using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Control.Contracts;

namespace Control.Chaos.History;

/// <summary>A history for people who look for the cause of a finding: one line of JSON for each thing seen, in order of time.</summary>
internal static class HistoryFile
{
    private static readonly JsonSerializerOptions Options = new(ContractJson.Options) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>Writes it.</summary>
    public static async Task WriteAsync(string path, IEnumerable<Seen> history)
    {
        await using var file = new StreamWriter(path);
        foreach (var seen in history.OrderBy(item => item.At))
        {
            var line = new JsonObject { ["seen"] = seen.GetType().Name };
            foreach (var (name, value) in JsonSerializer.SerializeToNode(seen, seen.GetType(), Options)!.AsObject()) line[name] = value?.DeepClone();
            await file.WriteLineAsync(line.ToJsonString());
        }
    }
}
