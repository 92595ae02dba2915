using System.Globalization;
using Control.Contracts.Agents;

namespace Control.Engine.Runs;

/// <summary>Turns a leased attempt into what its agent needs, environment included.</summary>
public static class Assignments
{
    /// <summary>Most log one attempt may write, in bytes, where the workspace has no other limit; more ends the job.</summary>
    public const long LogLimitBytes = 64L << 20;

    /// <summary>The assignment of an attempt that was leased.</summary>
    public static Assignment Of(RunModel model, AttemptRecord attempt)
    {
        var planned = model.Jobs[attempt.Id.Job];
        var job = planned.Spec;
        return new Assignment(
            attempt.Id,
            attempt.Lease,
            attempt.Agent ?? throw new InvalidOperationException($"The attempt {attempt.Id} is not leased."),
            Environment(model, planned, attempt),
            Secrets(job),
            job.Steps,
            job.Outputs,
            Checkout(model, job),
            job.TimeoutSeconds,
            job.LostAfterSeconds,
            model.Head.Limits is { LogBytes: > 0 and var bytes } ? bytes : LogLimitBytes,
            model.Head.TraceParent,
            job.Container,
            job.Resources)
        {
            Services = job.Services,
        };
    }

    private static ImmutableArray<SecretEnv> Secrets(JobSpec job) =>
        [.. job.Secrets, .. Login(job.Container), .. job.Services.SelectMany(Secrets)];

    private static IEnumerable<SecretEnv> Secrets(ServiceSpec service) => service.Secrets
        .Concat(Login(service.Container))
        .Select(secret => secret with { Name = Assignment.ServiceVariable(service.Name, secret.Name) });

    private static SecretEnv[] Login(ContainerSpec? container) => container?.Credentials is { } registry
        ? [new SecretEnv(Assignment.RegistryUser, registry, "user"), new SecretEnv(Assignment.RegistryPassword, registry, "password")]
        : [];

    /// <summary>
    /// The environment of a job, later entries overriding earlier ones: the pipeline's, the run's parameters, then stage by
    /// stage the gate's parameters and the outputs of the jobs in definition order, in its own stage of those it needs, the
    /// job's own, its matrix leg's, and Control's.
    /// </summary>
    private static ImmutableArray<EnvVar> Environment(RunModel model, PlannedJob job, AttemptRecord attempt)
    {
        var env = new SortedDictionary<string, string>(StringComparer.Ordinal);
        Add(env, model.Plan.Env);
        Add(env, model.Head.Parameters);
        AddEarlierStages(env, model, job);
        Add(env, job.Spec.Env);
        Add(env, job.Leg?.Values ?? []);
        AddControl(env, model, attempt);
        return [.. env.Select(pair => new EnvVar(pair.Key, pair.Value))];
    }

    private static void AddEarlierStages(SortedDictionary<string, string> env, RunModel model, PlannedJob job)
    {
        for (var stage = 0; stage <= job.Stage; stage++)
        {
            Add(env, model.Head.Stages[stage].Decision?.Parameters ?? ImmutableSortedDictionary<string, string>.Empty);
            foreach (var earlier in model.Jobs[stage].Where(other => stage < job.Stage || job.Needs.Contains(other.Key)))
            {
                Add(env, model.Counting(earlier)?.Outputs ?? ImmutableSortedDictionary<string, string>.Empty);
            }
        }
    }

    private static void AddControl(SortedDictionary<string, string> env, RunModel model, AttemptRecord attempt)
    {
        env["CI"] = "true";
        env["CONTROL_WORKSPACE"] = model.Id.Pipeline.Workspace;
        env["CONTROL_PIPELINE"] = model.Id.Pipeline.Name;
        env["CONTROL_RUN_NUMBER"] = model.Id.Number.ToString(CultureInfo.InvariantCulture);
        env["CONTROL_RUN_ID"] = model.Id.ToString();
        env["CONTROL_STAGE"] = attempt.Id.Job.Stage;
        env["CONTROL_JOB"] = attempt.Id.Job.Job;
        env["CONTROL_ATTEMPT"] = attempt.Id.Number.ToString(CultureInfo.InvariantCulture);
        env["CONTROL_STARTED_BY"] = model.Head.StartedBy.Name;
        if (model.Plan.Source is { } source)
        {
            env["CONTROL_REPOSITORY"] = source.Repository;
            env["CONTROL_REF"] = model.Head.Ref ?? source.Ref;
            env["CONTROL_COMMIT"] = model.Head.Commit ?? "";
        }
    }

    private static CheckoutSpec? Checkout(RunModel model, JobSpec job) =>
        job.Checkout && model.Plan.Source is { } source && model.Head.Commit is { } commit
            ? new CheckoutSpec(source.Repository, model.Head.Ref ?? source.Ref, commit, source.Depth, source.Credentials)
            : null;

    private static void Add(SortedDictionary<string, string> env, ImmutableArray<EnvVar> vars)
    {
        foreach (var variable in vars)
        {
            env[variable.Name] = variable.Value;
        }
    }

    private static void Add(SortedDictionary<string, string> env, ImmutableSortedDictionary<string, string> values)
    {
        foreach (var (name, value) in values)
        {
            env[name] = value;
        }
    }
}
