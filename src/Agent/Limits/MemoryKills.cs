using System.Globalization;

namespace Control.Agent.Limits;

/// <summary>How often the kernel killed for want of memory where a process lives, be that under version 1 or 2 of control groups.</summary>
internal static class MemoryKills
{
    /// <summary>The kills in the group of a process; 0 when the kernel does not show them.</summary>
    public static long AtProcess(int process)
    {
        try
        {
            var groups = File.ReadAllText(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/cgroup"));
            return Files(groups, File.ReadAllText("/proc/self/mounts")).FirstOrDefault(File.Exists) is { } file ? Cgroup.OomKills(File.ReadAllText(file)) : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Where the kernel may count them: <c>memory.events</c> in version 2, <c>memory.oom_control</c> in version 1.</summary>
    /// <param name="groups">The text of <c>/proc/PID/cgroup</c>: lines <c>number:controllers:path</c>.</param>
    /// <param name="mounts">The text of <c>/proc/self/mounts</c>: lines <c>device folder type options ...</c>.</param>
    internal static IEnumerable<string> Files(string groups, string mounts)
    {
        var folders = mounts.Split('\n').Select(line => line.Split(' ')).Where(fields => fields.Length > 3).ToArray();
        foreach (var fields in groups.Split('\n').Select(line => line.Split(':', 3)).Where(fields => fields.Length == 3))
        {
            var isFirst = fields[1].Split(',').Contains("memory");
            var mount = folders.FirstOrDefault(folder => isFirst
                ? folder[2] == "cgroup" && folder[3].Split(',').Contains("memory")
                : folder[2] == "cgroup2" && fields is ["0", "", _]);
            if (mount is not null)
            {
                yield return $"{mount[1]}{fields[2].TrimEnd('/')}/{(isFirst ? "memory.oom_control" : "memory.events")}";
            }
        }
    }
}
