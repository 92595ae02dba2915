using System.Collections.Immutable;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;

namespace Control.Agent.Link;

/// <summary>Fills what a server of another version may have left out, so that the rest of the agent never meets a missing list.</summary>
internal static class Wire
{
    /// <summary>The same orders with every list present; assignments without an attempt or steps are left out.</summary>
    public static AgentOrdersMessage Complete(AgentOrdersMessage orders) => new(
        [.. OrEmpty(orders.Start).Where(start => start?.Assignment is { Lease: > 0 } assignment && assignment.Attempt != default).Select(Complete)],
        [.. OrEmpty(orders.Stop).Where(lease => lease is not null)],
        [.. OrEmpty(orders.Forget).Where(lease => lease is not null)]);

    private static AssignmentMessage Complete(AssignmentMessage message)
    {
        var assignment = message.Assignment;
        return message with
        {
            Assignment = assignment with
            {
                Env = OrEmpty(assignment.Env),
                Secrets = OrEmpty(assignment.Secrets),
                Services = [.. OrEmpty(assignment.Services).Select(WithLists)],
                Steps = [.. OrEmpty(assignment.Steps).Select(step => step with { Env = OrEmpty(step.Env), WorkingDirectory = step.WorkingDirectory ?? "", Shell = step.Shell ?? "sh" })],
                Outputs = OrEmpty(assignment.Outputs),
            },
            SecretValues = message.SecretValues ?? ImmutableSortedDictionary<string, string>.Empty,
            MissingSecrets = OrEmpty(message.MissingSecrets),
        };
    }

    private static ServiceSpec WithLists(ServiceSpec service) => service with
    {
        Env = OrEmpty(service.Env),
        Secrets = OrEmpty(service.Secrets),
        Command = OrEmpty(service.Command),
        Args = OrEmpty(service.Args),
        Ready = service.Ready is { } ready ? ready with { Command = OrEmpty(ready.Command) } : null,
    };

    private static ImmutableArray<T> OrEmpty<T>(ImmutableArray<T> array) => array.IsDefault ? [] : array;
}
