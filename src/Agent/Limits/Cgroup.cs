using System.Globalization;
using Control.Contracts.Pipelines;

namespace Control.Agent.Limits;

/// <summary>The control group of one job: all its processes are in it, whatever they do, and share its limits.</summary>
internal sealed class Cgroup
{
    // cpu.max counts in microseconds of a period.
    private const int Period = 100_000;

    private readonly string _folder;

    private Cgroup(string folder) => _folder = folder;

    /// <summary>Makes one that is empty.</summary>
    /// <exception cref="IOException">It cannot be made, or a limit cannot be set.</exception>
    public static Cgroup Create(string folder, ResourceSpec limits, IReadOnlySet<string> controllers)
    {
        Directory.CreateDirectory(folder);
        var group = new Cgroup(folder);
        foreach (var (controller, file, value) in Settings(limits).Where(setting => controllers.Contains(setting.Controller)))
        {
            // A kernel without swap has no file for its limit.
            if (file != "memory.swap.max" || File.Exists(group.At(file)))
            {
                File.WriteAllText(group.At(file), value);
            }
        }

        return group;
    }

    /// <summary>Puts a process in; what it starts from then on is in too.</summary>
    /// <exception cref="IOException">It is gone, or cannot be.</exception>
    public void Add(int process) => File.WriteAllText(At("cgroup.procs"), process.ToString(CultureInfo.InvariantCulture));

    /// <summary>What is in it; zombies are not.</summary>
    public IEnumerable<int> Processes() => File.Exists(At("cgroup.procs"))
        ? File.ReadAllLines(At("cgroup.procs")).Where(line => line.Length > 0).Select(line => int.Parse(line, CultureInfo.InvariantCulture))
        : [];

    /// <summary>SIGKILL for all that is in it at once, also for what is being forked meanwhile; kernels before 5.14 cannot.</summary>
    public void Kill()
    {
        if (File.Exists(At("cgroup.kill")))
        {
            File.WriteAllText(At("cgroup.kill"), "1");
        }
    }

    /// <summary>How many of its processes the kernel has killed because they had no memory left.</summary>
    public long OomKills() => File.Exists(At("memory.events")) ? OomKills(File.ReadAllText(At("memory.events"))) : 0;

    /// <summary>The number in the text of <c>memory.events</c>: lines of a word and a number.</summary>
    internal static long OomKills(string events) => events.Split('\n')
        .Select(line => line.Split(' '))
        .Where(words => words is ["oom_kill", _])
        .Sum(words => long.Parse(words[1], CultureInfo.InvariantCulture));

    /// <summary>Removes it; false when something is in it, which the next start of the agent looks at again.</summary>
    public bool TryRemove() => TryRemove(_folder);

    /// <summary>The same for one that an earlier boot made.</summary>
    public static bool TryRemove(string folder)
    {
        try
        {
            Directory.Delete(folder);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static IEnumerable<(string Controller, string File, string Value)> Settings(ResourceSpec limits)
    {
        if (limits.Pids > 0)
        {
            yield return ("pids", "pids.max", limits.Pids.ToString(CultureInfo.InvariantCulture));
        }

        if (limits.MemoryBytes > 0)
        {
            yield return ("memory", "memory.max", limits.MemoryBytes.ToString(CultureInfo.InvariantCulture));
            yield return ("memory", "memory.swap.max", "0");
        }

        if (limits.MilliCpus > 0)
        {
            yield return ("cpu", "cpu.max", string.Create(CultureInfo.InvariantCulture, $"{(long)limits.MilliCpus * Period / 1000} {Period}"));
        }
    }

    private string At(string file) => Path.Combine(_folder, file);
}
