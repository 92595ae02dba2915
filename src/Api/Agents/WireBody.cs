using System.Reflection;
using System.Text.Json;
using Control.Contracts.Agents;
using Control.Contracts.Runs;

namespace Control.Api.Agents;

/// <summary>A body from an agent: read leniently, as agents may be newer than the server, but checked for size and shape.</summary>
internal sealed class WireBody<T>
    where T : class
{
    private WireBody(T value) => Value = value;

    public T Value { get; }

    public static async ValueTask<WireBody<T>> BindAsync(HttpContext http, ParameterInfo parameter)
    {
        var bytes = await RequestBytes.ReadAsync(http);
        if (!http.Request.HasJsonContentType())
        {
            throw new ControlException("unsupported-media-type", "Send the body as application/json.");
        }

        var value = Read(bytes);
        FieldError[] errors = [.. WireChecks.Check(value)];
        return errors.Length == 0 ? new WireBody<T>(value) : throw Outcomes.BadRequest([.. errors]);
    }

    private static T Read(byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(bytes, ContractJson.Options) ?? throw new JsonException();
        }
        catch (JsonException exception)
        {
            throw Outcomes.BadRequest(new FieldError(exception.Path?.TrimStart('$', '.') is { Length: > 0 } path ? path : "body", "Is not of the right type."));
        }
    }
}

/// <summary>Limits on what agents send.</summary>
internal static class WireChecks
{
    private const int MaxLabels = 32, MaxCapacity = 256, MaxHolding = 1_024, MaxOutputs = 64;

    /// <summary>Of one output, as pipelines may declare them: docs/pipelines.md promises 32 KiB, and no character takes less than a byte.</summary>
    private const int MaxOutput = 32 * 1024;

    public static IEnumerable<FieldError> Check(object value) => value switch
    {
        JoinRequest join => Check(join),
        AgentPoll poll => Check(poll),
        AttemptReport report => Check(report),
        _ => throw new ArgumentException($"Nothing is known of {value.GetType()}.", nameof(value)),
    };

    private static IEnumerable<FieldError> Check(JoinRequest join) =>
    [
        .. Checks.Name("tokenId", join.TokenId),
        .. Checks.Name("name", join.Name),
        .. If(join.TokenSecret is null or { Length: 0 or > 128 }, "tokenSecret", "Must have 1 to 128 characters."),
        .. If(join.CredentialSecret is null || !IsSecret(join.CredentialSecret), "credentialSecret", "Must be 32 random bytes as base64url."),
        .. If(join.Labels.IsDefault || join.Labels.Length > MaxLabels || join.Labels.Any(l => !ResourceName.IsValid(l)), "labels", $"Must be at most {MaxLabels} labels, each {ResourceName.Rule}."),
        .. If(join.Capacity is < 1 or > MaxCapacity, "capacity", $"Must be a number from 1 to {MaxCapacity}."),
        .. IsShort("softwareVersion", join.SoftwareVersion, 64),
    ];

    private static IEnumerable<FieldError> Check(AgentPoll poll) =>
    [
        .. IsShort("bootId", poll.BootId, 64),
        .. If(poll.Sequence < 0, "sequence", "Must be 0 or more."),
        .. If(poll.Free is < 0 or > MaxCapacity, "free", $"Must be a number from 0 to {MaxCapacity}."),
        .. If(poll.Holding.IsDefault || poll.Holding.Length > MaxHolding || poll.Holding.Any(h => h?.Attempt.Job.Job is null), "holding", $"Must be at most {MaxHolding} leases."),
        .. If(poll.Wait < TimeSpan.Zero || poll.Wait > TimeSpan.FromSeconds(20), "wait", "Must be from 00:00:00 to 00:00:20."),
    ];

    private static IEnumerable<FieldError> Check(AttemptReport report) =>
    [
        .. If(report.Attempt.Job.Job is null, "attempt", "Must be given."),
        .. If(report.Kind == ReportKind.Invalid, "kind", "Must be given."),
        .. If(report.Reason?.Length > 64, "reason", "Must have at most 64 characters."),
        .. If(report.Message?.Length > 1_000, "message", "Must have at most 1000 characters."),
        .. If(report.Outputs is null || report.Outputs.Count > MaxOutputs || report.Outputs.Any(o => o.Key.Length > 128 || o.Value is null or { Length: > MaxOutput }), "outputs", $"Must be at most {MaxOutputs} values of {MaxOutput} characters."),
        .. If(report.LogLength < 0, "logLength", "Must be 0 or more."),
        .. If(report.Cleanup is { } c && (c.Found < 0 || c.Escaped < 0 || c.Terminated < 0 || c.Killed < 0 || c.TookMilliseconds < 0), "cleanup", "Must have numbers of 0 or more."),
    ];

    private static bool IsSecret(string text) => text.Length == 43 && System.Buffers.Text.Base64Url.IsValid(text);

    private static IEnumerable<FieldError> IsShort(string field, string? value, int max) =>
        If(value is null or { Length: 0 } || value.Length > max || value.Any(char.IsControl), field, $"Must have 1 to {max} characters.");

    private static IEnumerable<FieldError> If(bool wrong, string field, string message)
    {
        if (wrong)
        {
            yield return new FieldError(field, message);
        }
    }
}
