using System.Text.Json.Serialization;
using Microsoft.AspNetCore.WebUtilities;

namespace Control.Api.Http;

/// <summary>An error answer as RFC 9457 has it, with the members that clients branch on.</summary>
/// <param name="Type">Always <c>about:blank</c>: <paramref name="Code"/> says which problem it is.</param>
/// <param name="Title">The status in words.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Code">Stable machine code.</param>
/// <param name="Detail">A sentence for a person, with the cure.</param>
/// <param name="Errors">All fields at fault at once.</param>
/// <param name="State">The state found, for refused transitions.</param>
/// <param name="Length">Bytes stored of a log, when a chunk did not fit on its end.</param>
internal sealed record Problem(
    string Type,
    string Title,
    int Status,
    string Code,
    string Detail,
    IReadOnlyList<FieldError>? Errors = null,
    string? State = null,
    long? Length = null)
{
    /// <summary>Seconds after which a repeat may succeed; goes into the header.</summary>
    [JsonIgnore]
    public int? RetryAfter { get; init; }

    /// <summary>A problem by status and code.</summary>
    public static Problem Of(int status, string code, string detail) =>
        new("about:blank", ReasonPhrases.GetReasonPhrase(status), status, code, detail);

    /// <summary>The problem that tells of a refusal.</summary>
    public static Problem Of(Refusal refusal)
    {
        var status = StatusOf(refusal.Kind);
        return Of(status, refusal.Code, refusal.Message) with
        {
            Errors = refusal.Fields.IsDefaultOrEmpty ? null : refusal.Fields,
            State = refusal.State,
            RetryAfter = status == StatusCodes.Status429TooManyRequests ? 30 : null,
        };
    }

    /// <summary>Something is not there, or not to be known of.</summary>
    public static Problem NotFound(string what) => Of(Refusal.NotFound(what));

    private static int StatusOf(RefusalKind kind) => kind switch
    {
        RefusalKind.NotFound => StatusCodes.Status404NotFound,
        RefusalKind.BadRequest => StatusCodes.Status400BadRequest,
        RefusalKind.Conflict => StatusCodes.Status409Conflict,
        RefusalKind.Forbidden => StatusCodes.Status403Forbidden,
        RefusalKind.LimitReached => StatusCodes.Status429TooManyRequests,
        RefusalKind.VersionMismatch => StatusCodes.Status412PreconditionFailed,
        _ => StatusCodes.Status500InternalServerError,
    };
}

/// <summary>Answers with a <see cref="Http.Problem"/>.</summary>
internal sealed class ProblemResult(Problem problem) : IResult, IStatusCodeHttpResult
{
    public Problem Problem => problem;

    public int? StatusCode => problem.Status;

    public static implicit operator ProblemResult(Problem problem) => new(problem);

    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = problem.Status;
        if (problem.RetryAfter is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        return response.WriteAsJsonAsync(problem, ContractJson.Options, "application/problem+json", httpContext.RequestAborted);
    }
}

/// <summary>Turns grains' answers into HTTP's.</summary>
internal static class Outcomes
{
    /// <summary>The granted value as <paramref name="granted"/> shows it, or the refusal as a problem.</summary>
    public static Results<TResult, ProblemResult> To<T, TResult>(this Outcome<T> outcome, Func<T, TResult> granted)
        where T : class
        where TResult : IResult =>
        outcome.Granted ? granted(outcome.Value) : new ProblemResult(Problem.Of(outcome.Refusal));

    /// <summary>A fault about fields of the request.</summary>
    public static ControlException BadRequest(params ImmutableArray<FieldError> fields) => new(
        "bad-request",
        fields.Length == 1 ? $"{fields[0].Field}: {fields[0].Message}" : $"{fields.Length} fields are wrong; see errors.",
        fields);
}
