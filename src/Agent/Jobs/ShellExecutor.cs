using System.Globalization;
using Control.Agent.Logs;
using Control.Agent.Processes;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.Engine.Logs;
using Control.Engine.Pipelines;

namespace Control.Agent.Jobs;

/// <summary>
/// Runs a job's checkout and steps as processes of the agent's own user. What any executor, this or a later one for
/// containers, has to keep to:
/// <list type="number">
/// <item><see cref="RunAsync"/> does the checkout, then the steps in order, and returns after the first that fails.</item>
/// <item>Everything it starts is started through <see cref="JobProcesses"/>, and all output goes to the <see cref="JobLog"/>.</item>
/// <item>When the token is cancelled it throws at once; the caller ends the processes, also those a success left behind.</item>
/// <item>A job's failure is a result; <see cref="IOException"/> says that the agent could not do its part.</item>
/// <item><see cref="ReadOutputs"/> is called once nothing of the job runs any more.</item>
/// </list>
/// </summary>
internal sealed class ShellExecutor(AssignmentMessage message, WorkFolder folder, JobProcesses processes, JobLog log, Programs programs, TimeProvider time)
{
    private readonly Assignment _assignment = message.Assignment;

    /// <summary>Runs the job; the result has no outputs yet.</summary>
    public async Task<JobResult> RunAsync(CancellationToken cancellationToken)
    {
        if (!message.MissingSecrets.IsEmpty)
        {
            return JobResult.Failure(Reasons.SecretMissing, $"The workspace has no secret {string.Join(", ", message.MissingSecrets)}. Create it, or remove it from the pipeline, and retry.");
        }

        if (_assignment.Checkout is { } source)
        {
            var checkout = new Checkout(source, message, folder, processes, log);
            if (await checkout.RunAsync(cancellationToken).ConfigureAwait(false) is { } failure)
            {
                return failure;
            }
        }

        for (var i = 0; i < _assignment.Steps.Length; i++)
        {
            if (await StepAsync(i + 1, _assignment.Steps[i], cancellationToken).ConfigureAwait(false) is { } failure)
            {
                return failure;
            }
        }

        return JobResult.Success;
    }

    /// <summary>The declared outputs the steps wrote, or why they cannot be taken.</summary>
    public JobResult ReadOutputs(SecretSet secrets)
    {
        if (OutputReader.Read(folder.Outputs, PipelineLimits.OutputFileBytes + 1, folder.Owner) is not { } bytes)
        {
            return JobResult.Failure(Reasons.BadOutputs, "The outputs file is gone or is not a regular file. Append lines to $CONTROL_OUTPUT, do not replace it by something else.");
        }

        var parsed = OutputFile.Parse(bytes, _assignment.Outputs);
        if (parsed.Error is { } error)
        {
            return JobResult.Failure(Reasons.BadOutputs, error);
        }

        var leak = parsed.Values.FirstOrDefault(output => secrets.Mask(output.Value) != output.Value);
        return leak.Key is null
            ? JobResult.Success with { Outputs = parsed.Values }
            : JobResult.Failure(Reasons.BadOutputs, $"The output {leak.Key} contains a secret, and outputs are stored and shown. Give the later job the secret itself.");
    }

    // Null when the step ended with 0.
    private async Task<JobResult?> StepAsync(int number, StepSpec step, CancellationToken cancellationToken)
    {
        var name = string.IsNullOrEmpty(step.Name) ? $"step {number}" : $"step {number}: {step.Name}";
        log.WriteLine(name);
        if (step.Shell == "bash" && programs.Bash is null)
        {
            return JobResult.Failure(Reasons.AgentError, "The agent has no bash. Install it there, or set the step's shell to sh.");
        }

        if (folder.Resolve(step.WorkingDirectory) is not { } directory)
        {
            return JobResult.Failure(Reasons.StepFailed, $"The {name} wants to run in '{step.WorkingDirectory}', which is no folder in the work folder.");
        }

        var shell = step.Shell == "bash" ? programs.Bash! : programs.Sh;
        var command = new JobCommand(shell, ["-e", folder.WriteScript(number, step.Run)], directory, Environment(step));
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

    // Later entries override earlier ones: the base, the job's, its secrets, the step's, what Control itself promises.
    private Dictionary<string, string> Environment(StepSpec step)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PATH"] = Programs.SearchPath,
            ["HOME"] = folder.Home,
            ["LANG"] = "C.UTF-8",
            ["TMPDIR"] = folder.Temporary,
        };
        var given = _assignment.Env.Select(variable => (variable.Name, variable.Value))
            .Concat(message.SecretValues.Select(secret => (secret.Key, secret.Value)))
            .Concat(step.Env.Select(variable => (variable.Name, variable.Value)))
            .Append(("CONTROL_OUTPUT", folder.Outputs))
            .Append(("CONTROL_WORK", folder.Source))
            .Append(("CONTROL_ATTEMPT_ID", _assignment.Attempt.ToString()));
        foreach (var (name, value) in given)
        {
            environment[name] = value;
        }

        return environment;
    }
}
