using Control.Engine.Pipelines.Shapes;
using Control.Engine.Pipelines.Yaml;

namespace Control.Engine.Pipelines.Reading;

/// <summary>Reads the jobs of a stage.</summary>
internal static class JobReader
{
    /// <summary>The jobs in definition order.</summary>
    public static ImmutableArray<JobSpec> Jobs(MapReader owner, string key, bool hasSource)
    {
        var entries = owner.Entries(key, PipelineLimits.JobsPerStage, Value.Name("job"));
        ImmutableArray<JobSpec> jobs = [.. entries.Select(e => Job(e, owner.Problems, hasSource)).OfType<JobSpec>()];
        if (jobs.Length == entries.Length)
        {
            JobGraph.Check(entries, jobs, owner.Problems);
        }

        return jobs;
    }

    private static JobSpec? Job(YamlEntry entry, Problems problems, bool hasSource)
    {
        if (MapReader.Open(entry.Value, PipelineShapes.Job, problems) is not { } reader)
        {
            return null;
        }

        return new JobSpec(
            entry.Key.Text,
            reader.Set("labels", PipelineLimits.Labels, Value.Name("label")),
            reader.Env(),
            EnvReader.Secrets(reader),
            StepReader.Steps(reader),
            reader.Set("outputs", PipelineLimits.Outputs, VariableName.Check),
            reader.Seconds("timeout", PipelineLimits.DefaultTimeout, PipelineLimits.ShortestTimeout, PipelineLimits.LongestTimeout),
            Retry(reader),
            Checkout(reader, hasSource),
            reader.Seconds("lostAfter", PipelineLimits.DefaultLostAfter, PipelineLimits.ShortestLostAfter, PipelineLimits.LongestTimeout),
            reader.Set("needs", PipelineLimits.JobsPerStage, Value.Name("job")),
            StageReader.Condition(reader),
            MatrixReader.Matrix(reader),
            reader.Flag("allowFailure", false),
            ContainerReader.Container(reader),
            ConcurrencyReader.Concurrency(reader),
            ContainerReader.Resources(reader))
        {
            Services = ServiceReader.Services(reader),
        };
    }

    private static RetrySpec Retry(MapReader job)
    {
        if (job.Find("retry") is not { } node)
        {
            return new RetrySpec(0, []);
        }

        if (node is not YamlMap)
        {
            return new RetrySpec(Value.Number(node, job.Problems, 0, PipelineLimits.Retries), []);
        }

        var reader = MapReader.Open(node, PipelineShapes.Retry, job.Problems)!;
        var delay = reader.Seconds("delay", 0, 0, PipelineLimits.LongestTimeout);
        foreach (var key in new[] { "factor", "maxDelay" })
        {
            if (delay == 0 && reader.Find(key) is { } lonely)
            {
                job.Problems.Add(lonely, "There is no pause to grow. Add 'delay', or remove this.");
            }
        }

        return new RetrySpec(
            reader.Number("limit", 0, 0, PipelineLimits.Retries),
            Reasons(reader),
            delay,
            reader.Number("factor", 2, 1, PipelineLimits.RetryFactor),
            reader.Seconds("maxDelay", Math.Max(delay, PipelineLimits.DefaultMaxDelay), 1, PipelineLimits.LongestTimeout));
    }

    private static ImmutableArray<RetryReason> Reasons(MapReader retry)
    {
        if (retry.Find("on") is YamlList { Items.Length: 0 } empty)
        {
            retry.Problems.Add(empty, "Write at least one of failure, timeout, lost, or remove 'on' to retry after all of them.");
        }

        return [.. retry.Set("on", 3, CheckReason).Select(Reason).OfType<RetryReason>()];
    }

    private static string? CheckReason(string word) =>
        Reason(word) is null ? $"{Problems.Quote(word)} is not a reason to retry. Write failure, timeout or lost." : null;

    private static RetryReason? Reason(string word) => word switch
    {
        "failure" => RetryReason.Failure,
        "timeout" => RetryReason.Timeout,
        "lost" => RetryReason.Lost,
        _ => null,
    };

    private static bool Checkout(MapReader job, bool hasSource)
    {
        var checkout = job.Flag("checkout", hasSource);
        if (checkout && !hasSource)
        {
            job.Problems.Add(job.Find("checkout")!, "The pipeline has no source to check out. Add 'source', or remove this.");
        }

        return checkout;
    }
}
