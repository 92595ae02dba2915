using System.Text.Json;
using Control.Api.Workspaces;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.Contracts.Workspaces;
using Control.Storage.Secrets;
using Microsoft.Extensions.Logging;

namespace Control.Api.Agents;

/// <summary>Fills assignments with the secrets they name, at the last moment before they leave for their agent.</summary>
internal sealed partial class AssignmentSecrets(IGrainFactory grains, SecretBox box, ILogger<AssignmentSecrets> logger)
{
    /// <summary>
    /// Most bytes of work in one answer. Agents read up to 16 MiB: beyond that an answer is lost, and again each time it is
    /// repeated, with the work of others in it.
    /// </summary>
    private const long MaxBytes = 8L << 20;

    /// <summary>
    /// The orders, ready to be sent to the agent they are for. Work that finds no room stays behind and comes with the next
    /// poll, as when an answer is lost; work that never can is reported as failed.
    /// </summary>
    public async Task<AgentOrdersMessage> AddToAsync(AgentOrders orders, CancellationToken cancellationToken)
    {
        var start = ImmutableArray.CreateBuilder<AssignmentMessage>();
        var room = MaxBytes;
        foreach (var assignment in orders.Start)
        {
            var message = await AddToAsync(assignment, cancellationToken);
            var size = JsonSerializer.SerializeToUtf8Bytes(message, ContractJson.Options).LongLength;
            if (size > MaxBytes)
            {
                await GiveUpAsync(assignment, size);
            }
            else if ((room -= size) >= 0)
            {
                start.Add(message);
            }
        }

        return new AgentOrdersMessage(start.ToImmutable(), orders.Stop, orders.Forget);
    }

    private Task GiveUpAsync(Assignment assignment, long size) => grains.GetGrain<IRunGrain>(assignment.Attempt.Run.ToString()).Report(new AttemptReport(
        assignment.Attempt,
        assignment.Lease,
        assignment.Agent,
        ReportKind.Failed,
        Reasons.AgentError,
        $"The job's steps, environment and secrets have {size} bytes; up to {MaxBytes} can be sent to an agent. Let earlier jobs declare fewer or smaller outputs.",
        null,
        ImmutableSortedDictionary<string, string>.Empty,
        0));

    private async Task<AssignmentMessage> AddToAsync(Assignment assignment, CancellationToken cancellationToken)
    {
        var source = assignment.Checkout?.Credentials;
        var named = assignment.Secrets.Select(s => s.Secret).Append(source).OfType<string>().Distinct().ToImmutableArray();
        var opened = named.IsEmpty ? [] : await OpenAsync(assignment.Attempt.Run.Pipeline, named, cancellationToken);
        var values = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        var missing = new SortedSet<string>(named.Where(n => !opened.ContainsKey(n)), StringComparer.Ordinal);
        foreach (var secret in assignment.Secrets.Where(s => opened.ContainsKey(s.Secret)))
        {
            if (Field(opened[secret.Secret].Value, secret.Field) is { } value)
            {
                values[secret.Name] = value;
            }
            else
            {
                missing.Add(secret.Secret);
            }
        }

        var credential = source is not null && opened.TryGetValue(source, out var found) ? found : default((SecretValue Value, SecretKind Kind)?);
        return new AssignmentMessage(assignment, values.ToImmutable(), credential?.Value, credential?.Kind, [.. missing]);
    }

    /// <summary>The values that exist and can be opened, by name; the pipeline's own before its workspace's.</summary>
    private async Task<Dictionary<string, (SecretValue Value, SecretKind Kind)>> OpenAsync(
        PipelineId pipeline, ImmutableArray<string> names, CancellationToken cancellationToken)
    {
        var opened = new Dictionary<string, (SecretValue, SecretKind)>(StringComparer.Ordinal);
        var own = await grains.GetGrain<IPipelineGrain>(pipeline.ToString()).GetSecrets(names).WaitAsync(cancellationToken);
        // One that is there but cannot be opened is missing, and not another one of the same name.
        var others = names.Except(own.Select(secret => secret.Name)).ToImmutableArray();
        var shared = others.IsEmpty ? [] : await grains.GetGrain<IWorkspaceGrain>(pipeline.Workspace).GetSecrets(others).WaitAsync(cancellationToken);
        Open(opened, own, name => SecretContext.Of(pipeline, name));
        Open(opened, shared, name => SecretContext.Of(pipeline.Workspace, name));
        return opened;
    }

    private void Open(Dictionary<string, (SecretValue Value, SecretKind Kind)> opened, ImmutableArray<SealedSecret> secrets, Func<string, string> context)
    {
        foreach (var secret in secrets)
        {
            try
            {
                opened[secret.Name] = (SealedSecrets.Open(box, context(secret.Name), secret), secret.Kind);
            }
            catch (ControlException exception)
            {
                LogUnreadable(context(secret.Name), exception.Code);
            }
        }
    }

    private static string? Field(SecretValue value, string field) => field switch
    {
        "text" => value.Text,
        "user" => value.User,
        "password" => value.Password,
        _ => null,
    };

    [LoggerMessage(1, LogLevel.Error, "Secret {Name} cannot be opened ({Code}); its jobs fail as if it were missing")]
    private partial void LogUnreadable(string name, string code);
}
