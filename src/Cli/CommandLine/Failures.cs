using Control.Cli.Client;
using Control.Cli.Output;
using Control.Contracts.Errors;

namespace Control.Cli.CommandLine;

/// <summary>What a failure reads like and which exit code it has.</summary>
internal static class Failures
{
    /// <summary>True for failures of the world; anything else is a fault of this program and ends it with a stack trace.</summary>
    public static bool Explains(Exception e, CancellationToken cancellationToken) => e switch
    {
        OperationCanceledException => cancellationToken.IsCancellationRequested,
        _ => e is UsageException or ProblemException or ServerUnreachableException or UntrustedCertificateException
            or ControlException or IOException or UnauthorizedAccessException,
    };

    public static int Report(CommandOutput output, Exception e, bool verbose)
    {
        if (e is OperationCanceledException)
        {
            output.Note("Interrupted.");
            return ExitCodes.Interrupted;
        }

        output.Error(Texts.CleanLines(e.Message));
        if (e is ProblemException problem)
        {
            Tell(output, problem, verbose);
        }
        else if (e is ControlException { Fields: var fields })
        {
            foreach (var error in fields)
            {
                output.Diagnostic(Line(error));
            }
        }
        else if (e is UntrustedCertificateException certificate)
        {
            output.Diagnostic(Cure(certificate));
        }

        return CodeOf(e);
    }

    /// <summary>One line per field at fault.</summary>
    public static string Line(FieldError error)
    {
        var place = error.Line > 0 ? $" (line {error.Line}, column {error.Column})" : "";
        var field = error.Field.Length > 0 ? $"{error.Field}: " : "";
        return $"  {Texts.Clean(field + error.Message)}{place}";
    }

    private static void Tell(CommandOutput output, ProblemException e, bool verbose)
    {
        foreach (var error in e.Problem.Errors)
        {
            output.Diagnostic(Line(error));
        }

        if (e.Problem.State is { } state)
        {
            output.Diagnostic($"  state found: {Texts.Clean(state)}");
        }

        if (e.Problem.Status == 401)
        {
            output.Diagnostic("  Log in again with 'control login SERVER', or set CONTROL_TOKEN to a valid token.");
        }

        if (verbose)
        {
            output.Diagnostic($"  status {e.Problem.Status}, code {Texts.Clean(e.Problem.Code ?? "none")}, request {e.Request}, trace {e.TraceId}");
        }
    }

    private static string Cure(UntrustedCertificateException e) => e.Expected is null
        ? "  If that is the fingerprint the server printed when it started, give it with 'control login SERVER --fingerprint' or CONTROL_FINGERPRINT."
        : "  Someone may be posing as the server. If its certificate was renewed, log in again with the new fingerprint.";

    private static int CodeOf(Exception e) => e switch
    {
        UsageException => ExitCodes.Usage,
        ServerUnreachableException or UntrustedCertificateException => ExitCodes.NoAccess,
        ProblemException { Problem.Status: 401 or 403 } => ExitCodes.NoAccess,
        _ => ExitCodes.Failed,
    };
}
