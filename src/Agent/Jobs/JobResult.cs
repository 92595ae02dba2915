using System.Collections.Immutable;
using Control.Contracts.Runs;

namespace Control.Agent.Jobs;

/// <summary>How a job ended, as it will be reported.</summary>
/// <param name="Kind">Succeeded, failed or stopped.</param>
/// <param name="Reason">Of <see cref="Reasons"/>; null for a success.</param>
/// <param name="Message">In a sentence, with the cure.</param>
/// <param name="ExitCode">Of the step that ended it.</param>
internal sealed record JobResult(ReportKind Kind, string? Reason = null, string? Message = null, int? ExitCode = null)
{
    /// <summary>Every step ended with 0.</summary>
    public static JobResult Success { get; } = new(ReportKind.Succeeded, ExitCode: 0);

    /// <summary>Declared outputs, for a success.</summary>
    public ImmutableSortedDictionary<string, string> Outputs { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>What ending it found; null where it ended by itself and left nothing.</summary>
    public CleanupView? Cleanup { get; init; }

    /// <summary>From its start to its end.</summary>
    public TimeSpan Ran { get; init; }

    /// <summary>It failed.</summary>
    public static JobResult Failure(string reason, string message, int? exitCode = null) => new(ReportKind.Failed, reason, message, exitCode);
}
