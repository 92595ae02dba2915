using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using Control.Contracts;
using Control.Contracts.Errors;

namespace Control.Cli.Client;

/// <summary>A refusal as the server words it (RFC 9457).</summary>
/// <param name="Status">The HTTP status; 0 when only the answer has it.</param>
/// <param name="Title">What kind of refusal, in a few words.</param>
/// <param name="Detail">The sentence for a person, with the cure.</param>
/// <param name="Code">Stable machine code.</param>
/// <param name="State">The state found, for a refused transition.</param>
/// <param name="Errors">All fields at fault.</param>
public sealed record Problem(
    int Status,
    string? Title,
    string? Detail,
    string? Code,
    string? State,
    ImmutableArray<FieldError> Errors)
{
    /// <summary>Reads an error answer; a body that is no problem document gives one made from the status alone.</summary>
    internal static Problem From(HttpStatusCode status, string body)
    {
        Problem? problem = null;
        try
        {
            problem = JsonSerializer.Deserialize<Problem>(body, ContractJson.Options);
        }
        catch (JsonException)
        {
            // A proxy's error page: the status is all that can be told.
        }

        problem ??= new Problem(0, null, null, null, null, []);
        return problem with { Status = (int)status, Errors = problem.Errors.IsDefault ? [] : problem.Errors };
    }

    /// <summary>The best sentence the answer holds.</summary>
    public string Sentence => Detail ?? Title ?? $"The server answered {Status}.";
}

/// <summary>The server refused a request, or failed at it.</summary>
public sealed class ProblemException : Exception
{
    /// <summary>A refusal, with the request it answers.</summary>
    public ProblemException(Problem problem, string request, string traceId)
        : base(problem.Sentence)
    {
        Problem = problem;
        Request = request;
        TraceId = traceId;
    }

    /// <summary>What the server said.</summary>
    public Problem Problem { get; }

    /// <summary>Method and path of the request, for <c>--verbose</c>.</summary>
    public string Request { get; }

    /// <summary>W3C trace id that the request was sent with; finds it in the server's traces and logs.</summary>
    public string TraceId { get; }
}

/// <summary>The server could not be reached, or did not answer in time; the outcome of a change is then unknown.</summary>
public sealed class ServerUnreachableException : Exception
{
    /// <summary>Why, in a sentence with the cure.</summary>
    public ServerUnreachableException(string message, Exception? inner)
        : base(message, inner)
    {
    }
}

/// <summary>The server's certificate is neither the pinned one nor one that this machine trusts.</summary>
public sealed class UntrustedCertificateException : Exception
{
    /// <summary>Says which certificate was presented and which was expected.</summary>
    public UntrustedCertificateException(string presented, string? expected, Exception? inner)
        : base(
            expected is null
                ? $"The server's certificate is not trusted by this machine; its SHA-256 fingerprint is {presented}."
                : $"The server presented a certificate with SHA-256 fingerprint {presented} instead of the expected {expected}.",
            inner)
    {
        Presented = presented;
        Expected = expected;
    }

    /// <summary>SHA-256 of the presented certificate, lower-case hex.</summary>
    public string Presented { get; }

    /// <summary>The pinned fingerprint; null when none is pinned.</summary>
    public string? Expected { get; }
}
