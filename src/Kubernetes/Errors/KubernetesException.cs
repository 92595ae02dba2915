using System.Text.RegularExpressions;

namespace Control.Kubernetes.Errors;

/// <summary>The API server refused, or did not answer.</summary>
public sealed partial class KubernetesException : Exception
{
    internal KubernetesException(KubernetesStatus status, Exception? inner = null)
        : base(status.Message, inner) => Status = status;

    /// <summary>What it said.</summary>
    public KubernetesStatus Status { get; }

    /// <summary>No answer at all: what was asked may have been done.</summary>
    public bool IsUnreachable => Status.Code == 0;

    /// <summary>There is no such object, or no such kind.</summary>
    public bool IsNotFound => Status.Code == 404;

    /// <summary>Somebody else changed it first, it is there already, or others manage fields of it.</summary>
    public bool IsConflict => Status.Code == 409;

    /// <summary>The version or page asked for is no longer known: list again.</summary>
    public bool IsExpired => Status.Code == 410 || Status.Reason is "Expired" or "Gone";

    /// <summary>
    /// The fields that a server-side apply would have taken from others: empty for other failures. Kubernetes says the manager only in
    /// words, <c>conflict with "NAME" using GROUP/VERSION</c> (kubernetes.io, "Server-Side Apply", section Conflicts).
    /// </summary>
    public IReadOnlyList<ApplyConflict> ApplyConflicts =>
        [.. Status.Causes.Where(cause => cause.Reason == "FieldManagerConflict").Select(cause => new ApplyConflict(Manager(cause.Message), cause.Field))];

    internal static KubernetesException Unreachable(string message, Exception? inner = null) => new(KubernetesStatus.Of(0, "", message), inner);

    /// <summary>404, as a server that has no such thing says it.</summary>
    public static KubernetesException NotFound(string message) => new(KubernetesStatus.Of(404, "NotFound", message));

    internal static KubernetesException BadRequest(string message) => new(KubernetesStatus.Of(400, "BadRequest", message));

    private static string Manager(string message) => ManagerName().Match(message) is { Success: true } match ? match.Groups[1].Value : message;

    [GeneratedRegex("^conflict with \"([^\"]*)\"")]
    private static partial Regex ManagerName();
}

/// <summary>A field that a server-side apply may not change, as another manages it.</summary>
/// <param name="Manager">Who does.</param>
/// <param name="Field">The field's path, such as <c>.spec.replicas</c>.</param>
public sealed record ApplyConflict(string Manager, string Field);
