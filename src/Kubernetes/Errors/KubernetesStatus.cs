using System.Collections.Immutable;
using System.Text.Json;
using Control.Kubernetes.Objects;

namespace Control.Kubernetes.Errors;

/// <summary>
/// What the API server answers instead of an object: <c>meta/v1 Status</c>, whose fields are described in the Kubernetes API conventions,
/// "Response Status Kind". Where something between us and the server answered, it is made of that answer.
/// </summary>
/// <param name="Code">The HTTP status, 400 to 599; 0 when there was no answer.</param>
/// <param name="Reason">Kubernetes' word for it, such as <c>NotFound</c>, <c>AlreadyExists</c>, <c>Conflict</c>, <c>Expired</c>; empty when it gave none.</param>
/// <param name="Message">For people.</param>
/// <param name="Causes">Fields at fault, or who else manages them.</param>
/// <param name="RetryAfter">When the server wants to be asked again; null when it said nothing.</param>
public sealed record KubernetesStatus(int Code, string Reason, string Message, ImmutableArray<StatusCause> Causes, TimeSpan? RetryAfter)
{
    private const int LongestForeignText = 300;

    internal static KubernetesStatus Of(int code, string reason, string message) => new(code, reason, message, [], null);

    /// <summary>Reads an answer that is not a success.</summary>
    internal static KubernetesStatus Read(int code, ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body);
            using var json = JsonDocument.ParseValue(ref reader);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.Text("kind") == "Status") return Read(json.RootElement, code);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // A proxy or a load balancer.
        }

        var text = System.Text.Encoding.UTF8.GetString(body[..Math.Min(body.Length, LongestForeignText)]).Trim();
        return Of(code, "", text.Length == 0 ? $"The API server answered with HTTP status {code}." : $"Something before the API server answered with HTTP status {code}: {text}");
    }

    /// <summary>Reads a Status object, as also comes in a watch.</summary>
    internal static KubernetesStatus Read(JsonElement status, int code)
    {
        var details = status.Child("details");
        return new KubernetesStatus(
            status.Child("code") is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out var said) ? said : code,
            status.Text("reason") ?? "",
            status.Text("message") ?? "",
            [.. details.Items("causes").Select(cause => new StatusCause(cause.Text("reason") ?? "", cause.Text("field") ?? "", cause.Text("message") ?? ""))],
            details.Child("retryAfterSeconds") is { ValueKind: JsonValueKind.Number } seconds && seconds.TryGetInt32(out var wait) && wait > 0 ? TimeSpan.FromSeconds(wait) : null);
    }
}

/// <summary>One cause of a <see cref="KubernetesStatus"/>.</summary>
/// <param name="Reason">Such as <c>FieldValueInvalid</c> or <c>FieldManagerConflict</c>.</param>
/// <param name="Field">The field's path, such as <c>.spec.replicas</c>; empty when it is none.</param>
/// <param name="Message">For people.</param>
public sealed record StatusCause(string Reason, string Field, string Message);
