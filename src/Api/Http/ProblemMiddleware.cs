using System.Diagnostics;
using Control.Api.Clusters;
using Control.Kubernetes.Errors;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Storage;

namespace Control.Api.Http;

/// <summary>
/// The one place where faults become answers: every error leaves as problem+json, and none tells more than its caller may know.
/// </summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext http)
    {
        Headers.AddSafe(http.Response);
        try
        {
            await next(http);
            await DescribeBareStatusAsync(http);
        }
        catch (OperationCanceledException gone) when (gone is HungUpException || http.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone; there is nobody to answer.
        }
        catch (Exception exception) when (!http.Response.HasStarted)
        {
            await AnswerAsync(http, exception);
        }
    }

    private async Task AnswerAsync(HttpContext http, Exception exception)
    {
        var problem = ProblemOf(exception);
        // A request that is cut off because the server stops is no fault of anyone's, and a cluster's faults are not ours.
        if (problem.Status >= StatusCodes.Status500InternalServerError && exception is not (OperationCanceledException or KubernetesException))
        {
            LogFault(http.GetEndpoint()?.DisplayName, problem.Code, exception);
        }

        http.Response.Clear();
        Headers.AddSafe(http.Response);
        await new ProblemResult(problem).ExecuteAsync(http);
    }

    /// <summary>Statuses that routing and Kestrel set without a body get one.</summary>
    private static Task DescribeBareStatusAsync(HttpContext http)
    {
        var response = http.Response;
        return response.HasStarted || response.StatusCode < 400 || response.ContentType is not null
            ? Task.CompletedTask
            : new ProblemResult(BareStatus(response.StatusCode)).ExecuteAsync(http);
    }

    // Orleans 10.4.2 (GrainInterfaceTypeToGrainTypeResolver): a gateway has no grain classes, and knows which there are from the
    // silos. While those it knew have gone and the new ones have not told it yet, it has no type of fault for that.
    private const string NoImplementation = "Could not find an implementation for interface";

    internal static Problem ProblemOf(Exception exception) => exception switch
    {
        ControlException { Code: "storage-busy" or "storage-unavailable" or "storage-full" or "storage-read-only" or "storage-closed" } fault => Problem.Of(
            StatusCodes.Status503ServiceUnavailable,
            fault.Code,
            "The database does not take the request. Repeat it in a moment; the server's log and /readyz tell its operator more.") with
        { RetryAfter = 5 },
        ControlException fault when StatusOf(fault) == StatusCodes.Status500InternalServerError => Internal(fault.Code),
        ControlException fault => OfFault(fault),
        KubernetesException fault => ClusterProblems.Of(fault),
        BadHttpRequestException bad => BareStatus(bad.StatusCode),
        TimeoutException or SiloUnavailableException => Problem.Of(
            StatusCodes.Status504GatewayTimeout,
            "outcome-unknown",
            "No answer came in time; the request may or may not have taken effect. Repeat it with the same Idempotency-Key."),
        ArgumentException { Message: var message } when message.StartsWith(NoImplementation, StringComparison.Ordinal) => Problem.Of(
            StatusCodes.Status503ServiceUnavailable, "no-silo", "No silo has been found yet that takes the request; nothing was done. Repeat it in a moment.") with
        { RetryAfter = 1 },
        OperationCanceledException => Problem.Of(
            StatusCodes.Status503ServiceUnavailable, "stopping", "The server is stopping. Repeat the request in a moment.") with
        { RetryAfter = 1 },
        InconsistentStateException or OrleansException => Problem.Of(
            StatusCodes.Status503ServiceUnavailable,
            "overloaded",
            "The request was not taken in. Repeat it in a moment.") with
        { RetryAfter = 1 },
        _ => Internal("internal-error"),
    };

    private static Problem Internal(string code) => Problem.Of(
        StatusCodes.Status500InternalServerError,
        code,
        $"Control failed. Its log has the details under trace {Activity.Current?.TraceId.ToString() ?? "(none)"}.");

    private static Problem OfFault(ControlException fault) => Problem.Of(StatusOf(fault), fault.Code, fault.Message) with
    {
        Errors = fault.Fields.IsDefaultOrEmpty ? null : fault.Fields,
    };

    private static int StatusOf(ControlException fault) => fault.Code switch
    {
        "unsupported-media-type" => StatusCodes.Status415UnsupportedMediaType,
        "too-large" => StatusCodes.Status413PayloadTooLarge,
        StoreRestored.Code => StatusCodes.Status410Gone,
        _ when !fault.Fields.IsDefaultOrEmpty || fault.Code.StartsWith("bad-", StringComparison.Ordinal) => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status500InternalServerError,
    };

    private static Problem BareStatus(int status) => status switch
    {
        StatusCodes.Status400BadRequest => Problem.Of(status, "bad-request", "The request could not be read. Compare it with /openapi.json."),
        StatusCodes.Status404NotFound => Problem.Of(status, "not-found", "There is nothing at this address."),
        StatusCodes.Status405MethodNotAllowed => Problem.Of(status, "method-not-allowed", "The address is right, the method is not; see the Allow header."),
        StatusCodes.Status413PayloadTooLarge => Problem.Of(status, "too-large", "The body is larger than this route takes."),
        StatusCodes.Status415UnsupportedMediaType => Problem.Of(status, "unsupported-media-type", "Send the content type that /openapi.json names for this route."),
        _ => Problem.Of(status, "error", "The request was not served."),
    };

    [LoggerMessage(1, LogLevel.Error, "Request to {Endpoint} failed as {Code}")]
    private partial void LogFault(string? endpoint, string code, Exception exception);
}

/// <summary>Response headers that every answer carries.</summary>
internal static class Headers
{
    /// <summary>Answers are data for programs: not to be sniffed, framed, or kept by shared caches.</summary>
    public static void AddSafe(HttpResponse response)
    {
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.XFrameOptions = "DENY";
        response.Headers.CacheControl = "no-store";
    }
}
