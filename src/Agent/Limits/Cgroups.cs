using Control.Agent.Processes;

namespace Control.Agent.Limits;

/// <summary>
/// Where this agent makes control groups (cgroup v2) for its jobs, and what the kernel lets it limit there. Looked for once:
/// a machine may have none that can be written, or give it only some of the controllers.
/// </summary>
internal sealed class Cgroups
{
    private static readonly string[] Wanted = ["cpu", "memory", "pids"];

    private readonly string _home;

    private Cgroups(string home, IEnumerable<string> controllers) => (_home, Controllers) = (home, controllers.ToHashSet());

    /// <summary>Of <c>cpu</c>, <c>memory</c> and <c>pids</c>, those that limits are kept by.</summary>
    public IReadOnlySet<string> Controllers { get; }

    /// <summary>The place below the mount that the text of <c>/proc/self/mounts</c> names; null when there is none to write to.</summary>
    /// <param name="mounts">Of lines <c>device folder type options ...</c>.</param>
    /// <param name="installation">Names the agent's own folder; what an earlier boot left in it is removed.</param>
    public static Cgroups? TryOpen(string mounts, string installation)
    {
        if (Libc.EffectiveUser() != 0 || Mount(mounts) is not { } mount)
        {
            return null;
        }

        try
        {
            var (shared, home) = (Path.Combine(mount, "control-agent"), Path.Combine(mount, "control-agent", installation));
            Directory.CreateDirectory(home);
            Array.ForEach((string[])[mount, shared, home], Enable);
            foreach (var left in Directory.GetDirectories(home))
            {
                Cgroup.TryRemove(left);
            }

            return new Cgroups(home, Words(Path.Combine(home, "cgroup.subtree_control")).Intersect(Wanted));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>A group for a job, with the limits that can be kept.</summary>
    /// <param name="number">The job's, unique in this boot.</param>
    /// <param name="limits">What was asked for.</param>
    /// <exception cref="IOException">It cannot be made.</exception>
    public Cgroup Create(long number, Contracts.Pipelines.ResourceSpec limits) =>
        Cgroup.Create(Path.Combine(_home, number.ToString(System.Globalization.CultureInfo.InvariantCulture)), limits, Controllers);

    /// <summary>Removes the folder when there is nothing in it.</summary>
    public void Leave() => Cgroup.TryRemove(_home);

    private static string? Mount(string mounts) => mounts.Split('\n')
        .Select(line => line.Split(' '))
        .FirstOrDefault(fields => fields is [_, _, "cgroup2", ..])?[1];

    // One by one: the kernel refuses the whole line for one controller that it has not, or that is used elsewhere.
    private static void Enable(string folder)
    {
        foreach (var controller in Wanted.Intersect(Words(Path.Combine(folder, "cgroup.controllers"))))
        {
            try
            {
                File.WriteAllText(Path.Combine(folder, "cgroup.subtree_control"), $"+{controller}");
            }
            catch (IOException)
            {
                // Then it is not among those below either.
            }
        }
    }

    private static string[] Words(string file) => File.Exists(file) ? File.ReadAllText(file).Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries) : [];
}
