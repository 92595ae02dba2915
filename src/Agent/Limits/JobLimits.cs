using System.Globalization;
using Control.Contracts.Pipelines;

namespace Control.Agent.Limits;

/// <summary>
/// What holds a job without a container to its limits. Control groups do where the agent may make some; without, the number of
/// processes is held by the limit of the job's own user, and memory and processors are not. The job's log says which.
/// </summary>
/// <param name="Group">The job's group; null where there are none.</param>
/// <param name="Prefix">Begins the job's commands, after they have become its user's.</param>
/// <param name="Report">What is enforced, and what is not, in a sentence.</param>
internal sealed record JobLimits(Cgroup? Group, IReadOnlyList<string> Prefix, string Report)
{
    /// <summary>The limits of one job; null when it asks for none.</summary>
    /// <param name="asked">What the job asks for.</param>
    /// <param name="groups">Of this agent; null when it has none.</param>
    /// <param name="prlimit">The program; null when it is not installed.</param>
    /// <param name="hasUser">The job runs as a user of its own: the kernel counts processes by user.</param>
    /// <param name="number">The job's, unique in this boot.</param>
    /// <exception cref="IOException">The group cannot be made.</exception>
    public static JobLimits? Of(ResourceSpec? asked, Cgroups? groups, string? prlimit, bool hasUser, long number)
    {
        if (asked is not { } limits)
        {
            return null;
        }

        var byGroup = groups?.Controllers ?? new HashSet<string>();
        var byUser = limits.Pids > 0 && !byGroup.Contains("pids") && prlimit is not null && hasUser;
        IReadOnlyList<string> prefix = byUser ? [prlimit!, string.Create(CultureInfo.InvariantCulture, $"--nproc={limits.Pids}:{limits.Pids}"), "--"] : [];
        var kept = Named(limits).Where(limit => byGroup.Contains(limit.Controller) || (byUser && limit.Controller == "pids")).Select(limit => limit.Text);
        var lacking = Named(limits).Where(limit => !byGroup.Contains(limit.Controller) && !(byUser && limit.Controller == "pids")).Select(limit => limit.Text);
        return new JobLimits(groups?.Create(number, limits), prefix, Sentence([.. kept], [.. lacking]));
    }

    private static string Sentence(string[] kept, string[] lacking) => string.Join("; ", ((string[])
    [
        kept.Length == 0 ? "" : $"limited to {string.Join(", ", kept)}",
        lacking.Length == 0 ? "" : $"not limited to {string.Join(", ", lacking)}: this agent has no control groups (cgroup v2) for it",
    ]).Where(part => part.Length > 0));

    private static IEnumerable<(string Controller, string Text)> Named(ResourceSpec limits)
    {
        if (limits.Pids > 0)
        {
            yield return ("pids", string.Create(CultureInfo.InvariantCulture, $"{limits.Pids} processes"));
        }

        if (limits.MemoryBytes > 0)
        {
            yield return ("memory", string.Create(CultureInfo.InvariantCulture, $"{limits.MemoryBytes >> 20} MiB of memory"));
        }

        if (limits.MilliCpus > 0)
        {
            yield return ("cpu", string.Create(CultureInfo.InvariantCulture, $"{limits.MilliCpus / 1000m} processors"));
        }
    }

    /// <summary>What an agent tells of itself when it starts.</summary>
    public static string Tell(Cgroups? groups, string? prlimit, bool hasUsers)
    {
        var kept = (groups?.Controllers ?? new HashSet<string>()).Order(StringComparer.Ordinal).ToArray();
        var byGroup = kept.Length == 0 ? "none by control groups" : $"{string.Join(", ", kept)} by control groups";
        return kept.Contains("pids") || prlimit is null || !hasUsers ? byGroup : $"{byGroup}, pids by the limit of the job's user";
    }
}
