using Control.Engine.Pipelines.Yaml;
using Control.Engine.Runs;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Checks how the jobs of one stage hang together: their <c>needs</c>, and the names of matrix legs.</summary>
internal static class JobGraph
{
    /// <summary>Adds what is wrong to the problems.</summary>
    public static void Check(ImmutableArray<YamlEntry> entries, ImmutableArray<JobSpec> jobs, Problems problems)
    {
        var names = jobs.Select(job => job.Name).ToHashSet(StringComparer.Ordinal);
        for (var i = 0; i < jobs.Length; i++)
        {
            foreach (var need in jobs[i].Needs.Where(need => !names.Contains(need)))
            {
                var meant = Suggestion.Nearest(need, names) is { } nearest ? $" Did you mean '{nearest}'?" : "";
                problems.Add(Needs(entries[i]), $"The stage has no job {Problems.Quote(need)}.{meant} Only jobs of the same stage can be needed.");
            }
        }

        CheckCycle(entries, jobs, problems);
        CheckLegs(entries, jobs, names, problems);
    }

    private static void CheckCycle(ImmutableArray<YamlEntry> entries, ImmutableArray<JobSpec> jobs, Problems problems)
    {
        // Takes away what needs nothing that is left (Kahn's algorithm); what stays is a cycle or hangs on one.
        var left = jobs.Where(job => !job.Needs.IsEmpty).ToList();
        while (left.RemoveAll(job => !job.Needs.Any(need => left.Exists(other => other.Name == need))) > 0)
        {
        }

        if (Cycle(left) is { } cycle)
        {
            problems.Add(Needs(entries[jobs.IndexOf(cycle[0])]), $"These jobs wait for each other: {string.Join(" → ", cycle.Select(job => job.Name))}. Remove one of the needs.");
        }
    }

    private static List<JobSpec>? Cycle(List<JobSpec> left)
    {
        var path = new List<JobSpec>();
        for (var job = left.FirstOrDefault(); job is not null; job = left.Find(other => job.Needs.Contains(other.Name)))
        {
            if (path.IndexOf(job) is >= 0 and var start)
            {
                return [.. path[start..], job];
            }

            path.Add(job);
        }

        return null;
    }

    private static void CheckLegs(ImmutableArray<YamlEntry> entries, ImmutableArray<JobSpec> jobs, HashSet<string> names, Problems problems)
    {
        foreach (var (entry, job) in entries.Zip(jobs).Where(pair => pair.Second.Matrix is not null))
        {
            foreach (var leg in JobTable.NamesOf(job))
            {
                if (!ResourceName.IsValid(leg) || !names.Add(leg))
                {
                    problems.Add(entry.Key, $"A leg of this matrix would be called {Problems.Quote(leg)}, which is too long or another job's name. Choose another name.");
                    break;
                }
            }
        }
    }

    private static YamlNode Needs(YamlEntry entry) =>
        ((YamlMap)entry.Value).Entries.FirstOrDefault(e => e.Key.Text == "needs")?.Value ?? entry.Key;
}
