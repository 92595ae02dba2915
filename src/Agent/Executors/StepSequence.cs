using System.Globalization;
using Control.Agent.Jobs;
using Control.Agent.Logs;
using Control.Agent.Processes;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Agent.Executors;

/// <summary>Runs steps one after the other, each a command of its own, and tells the log about them.</summary>
internal sealed class StepSequence(JobLog log, JobProcesses processes, TimeProvider time)
{
    /// <summary>Makes a step's command, or says why it cannot.</summary>
    /// <param name="number">From 1.</param>
    /// <param name="name">The step's, as the log calls it.</param>
    /// <param name="step">The step.</param>
    public delegate (JobCommand? Command, JobResult? Unfit) Describe(int number, string name, StepSpec step);

    /// <summary>Runs them up to the first that fails.</summary>
    public async Task<JobResult> RunAsync(IReadOnlyList<StepSpec> steps, Describe describe, CancellationToken cancellationToken)
    {
        for (var i = 0; i < steps.Count; i++)
        {
            if (await StepAsync(i + 1, steps[i], describe, cancellationToken).ConfigureAwait(false) is { } failure)
            {
                return failure;
            }
        }

        return JobResult.Success;
    }

    // Null when the step ended with 0.
    private async Task<JobResult?> StepAsync(int number, StepSpec step, Describe describe, CancellationToken cancellationToken)
    {
        var name = string.IsNullOrEmpty(step.Name) ? $"step {number}" : $"step {number}: {step.Name}";
        log.WriteLine(name);
        var (command, unfit) = describe(number, name, step);
        if (command is null)
        {
            return unfit;
        }

        var began = time.GetTimestamp();
        if (await CommandAsync(command, step.TimeoutSeconds, cancellationToken).ConfigureAwait(false) is not { } code)
        {
            return JobResult.Failure(Reasons.TimedOut, $"The {name} ran longer than its {step.TimeoutSeconds} s.");
        }

        log.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {number} ended with {code} after {time.GetElapsedTime(began).TotalSeconds:0.0} s"));
        return code == 0 ? null : JobResult.Failure(Reasons.StepFailed, $"The {name} ended with exit code {code}.", code);
    }

    // The exit code; null when the step's own time ran out.
    private async Task<int?> CommandAsync(JobCommand command, int timeoutSeconds, CancellationToken cancellationToken)
    {
        using var timeout = timeoutSeconds > 0 ? new CancellationTokenSource(TimeSpan.FromSeconds(timeoutSeconds), time) : new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await processes.RunAsync(command, log.Write, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
