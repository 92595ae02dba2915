using Control.Contracts.Pipelines;
using Control.Engine.Pipelines;

namespace Control.Agent.Executors;

/// <summary>The environment of a step. Later entries override earlier ones: the base, the job's, its secrets, the step's, what Control itself promises.</summary>
internal static class StepEnvironment
{
    /// <summary>All of it.</summary>
    /// <param name="order">The job.</param>
    /// <param name="step">The step.</param>
    /// <param name="basis">What the place gives every step.</param>
    /// <param name="outputs">Where outputs go, as the step sees it.</param>
    /// <param name="work">The work folder, as the step sees it.</param>
    /// <param name="secrets">The folder of secrets that are files, as the step sees it.</param>
    public static Dictionary<string, string> Of(
        JobOrder order, StepSpec step, IEnumerable<(string Name, string Value)> basis, string outputs, string work, string secrets)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        var given = basis
            .Concat(order.Assignment.Env.Select(variable => (variable.Name, variable.Value)))
            .Concat(order.Message.SecretValues.Where(secret => !secret.Key.StartsWith(VariableName.ReservedPrefix, StringComparison.Ordinal)).Select(secret => (secret.Key, secret.Value)))
            .Concat(order.SecretFiles.Select(file => (file.Name, $"{secrets}/{file.Name}")))
            .Concat(step.Env.Select(variable => (variable.Name, variable.Value)))
            .Append(("CONTROL_OUTPUT", outputs))
            .Append(("CONTROL_WORK", work))
            .Append(("CONTROL_ATTEMPT_ID", order.Assignment.Attempt.ToString()));
        foreach (var (name, value) in given)
        {
            environment[name] = value;
        }

        return environment;
    }
}
