using Control.Kubernetes.Errors;

namespace Control.Api.Clusters;

/// <summary>Turns what a cluster's API server refuses into answers of ours: whose fault it is must stay clear.</summary>
internal static class ClusterProblems
{
    public static Problem Of(KubernetesException fault) => fault.Status.Code switch
    {
        0 => Problem.Of(StatusCodes.Status502BadGateway, "cluster-unreachable", $"{fault.Message} What was asked may have been done; the cluster's own page tells how it is connected."),
        // To our caller 401 would say that the token is wrong, which it is not.
        401 => Problem.Of(StatusCodes.Status502BadGateway, "cluster-unauthorized", "The cluster does not accept the credential that it is reached with. Give it another with 'control cluster access'."),
        403 => Problem.Of(StatusCodes.Status403Forbidden, "cluster-forbidden", $"The cluster refuses: {fault.Message}"),
        404 => Problem.Of(StatusCodes.Status404NotFound, "not-found", fault.Message),
        409 => Problem.Of(StatusCodes.Status409Conflict, "cluster-conflict", fault.Message),
        410 => Problem.Of(StatusCodes.Status410Gone, "page-expired", "The cluster no longer knows the list that this page is of. Begin it again, without a cursor."),
        413 => Problem.Of(StatusCodes.Status413PayloadTooLarge, "too-large", fault.Message),
        429 => Problem.Of(StatusCodes.Status429TooManyRequests, "cluster-busy", fault.Message) with { RetryAfter = (int)Math.Ceiling(fault.Status.RetryAfter?.TotalSeconds ?? 1) },
        >= 500 => Problem.Of(StatusCodes.Status502BadGateway, "cluster-failing", fault.Message),
        _ => Problem.Of(StatusCodes.Status400BadRequest, "cluster-refused", fault.Message) with { Errors = Fields(fault) },
    };

    private static ImmutableArray<FieldError>? Fields(KubernetesException fault) =>
        fault.Status.Causes.IsEmpty ? null : [.. fault.Status.Causes.Select(cause => new FieldError(cause.Field, cause.Message))];
}
