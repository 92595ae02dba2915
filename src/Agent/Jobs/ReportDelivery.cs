using System.Collections.Immutable;
using Control.Agent.Link;
using Control.Contracts.Runs;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Jobs;

/// <summary>Brings reports to the server however long it is away.</summary>
internal sealed partial class ReportDelivery(IJobServer server, TimeProvider time, ILogger<ReportDelivery> logger)
{
    private const int MaxDetail = 300;

    /// <summary>
    /// Delivers one report. A final one that the server calls wrong is replaced, once, by a failure that says so: left
    /// unreported, the attempt would be held for good by an agent that has forgotten it.
    /// </summary>
    /// <param name="report">The report.</param>
    /// <param name="overtaken">A later report makes this one pointless: no further try, but one under way is waited for, so that reports arrive in order.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>True when accepted or overtaken; false when the server refuses it for good: the lease is void.</returns>
    public async Task<bool> DeliverAsync(AttemptReport report, CancellationToken overtaken, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(time);
        var happened = time.GetTimestamp();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(overtaken, cancellationToken);
        for (var isReplaced = false; ;)
        {
            var answer = await server.ReportAsync(report with { Ago = time.GetElapsedTime(happened) }, cancellationToken).ConfigureAwait(false);
            switch (answer.Verdict)
            {
                case Verdict.Ok:
                    return true;
                case Verdict.Refused when !isReplaced && report.Kind != ReportKind.Started:
                    LogRefused(report.Attempt, report.Kind, answer.Detail);
                    report = Replacement(report, answer.Detail);
                    isReplaced = true;
                    continue;
                case Verdict.Conflict or Verdict.Gone or Verdict.Refused or Verdict.Removed:
                    LogRefused(report.Attempt, report.Kind, answer.Detail);
                    return false;
            }

            LogDelayed(report.Attempt, report.Kind, answer.Detail);
            try
            {
                await backoff.PauseAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return true;
            }
        }
    }

    private static AttemptReport Replacement(AttemptReport report, string detail) => report with
    {
        Kind = report.Kind == ReportKind.Stopped ? ReportKind.Stopped : ReportKind.Failed,
        Reason = Reasons.AgentError,
        Message = $"The server did not take the job's report: {(detail.Length <= MaxDetail ? detail : detail[..MaxDetail])}",
        Outputs = ImmutableSortedDictionary<string, string>.Empty,
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "The server refused the report {Kind} of {Attempt}: {Detail}")]
    private partial void LogRefused(AttemptId attempt, ReportKind kind, string detail);

    [LoggerMessage(Level = LogLevel.Debug, Message = "The report {Kind} of {Attempt} waits for the server: {Detail}")]
    private partial void LogDelayed(AttemptId attempt, ReportKind kind, string detail);
}
