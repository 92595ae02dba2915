using Control.Contracts.Errors;
using Control.Contracts.Runs;

namespace Control.Agent.Local;

/// <summary>The run whose jobs a <see cref="LocalAgent"/> runs; it is called from any thread.</summary>
public interface ILocalRun
{
    /// <summary>Takes a report in. It must not throw.</summary>
    /// <returns>Why it does not count; the job is then ended. Null when it does.</returns>
    Task<Refusal?> ReportAsync(AttemptReport report);

    /// <summary>Takes the next piece of an attempt's log, masked. Pieces of one attempt come in order; it must be quick.</summary>
    void Log(AttemptId attempt, ReadOnlySpan<byte> bytes);
}
