using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Control.TestKit.Processes;

/// <summary>Finds processes by the folder of their site, which all of them have in their environment.</summary>
internal static class Leftovers
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Waits until nothing of a folder runs but what is meant to; what else does in the end is killed and returned. Looks again and again: nobody tells
    /// a stranger about the end of processes that are not its children.
    /// </summary>
    public static async Task<IReadOnlyList<string>> WaitUntilNone(string folder, params int[] but)
    {
        var began = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        while (Of(folder).Keys.Except(but).Any() && TimeProvider.System.GetElapsedTime(began) < Patience)
        {
            await timer.WaitForNextTickAsync();
        }

        var left = Of(folder).ExceptBy(but, process => process.Key).ToDictionary();
        foreach (var id in left.Keys)
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }

        return [.. left.Values];
    }

    /// <summary>What runs with a text in its environment: number and command line. Zombies do not run.</summary>
    public static Dictionary<int, string> Of(string text)
    {
        var found = new Dictionary<int, string>();
        foreach (var entry in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && Read(entry, "environ").Contains(text, StringComparison.Ordinal))
            {
                found[id] = $"{id} {Read(entry, "cmdline")}";
            }
        }

        return found;
    }

    public static bool Runs(string process) =>
        Read($"/proc/{process}", "stat") is { Length: > 0 } stat && stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');

    // Empty when the process is gone or is somebody else's; a zombie's environment is empty too.
    private static string Read(string process, string file)
    {
        try
        {
            return Encoding.UTF8.GetString(File.ReadAllBytes(Path.Combine(process, file))).Replace('\0', ' ');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
