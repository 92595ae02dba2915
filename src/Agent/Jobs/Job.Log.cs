using Control.Contracts.Runs;
using Microsoft.Extensions.Logging;

namespace Control.Agent.Jobs;

internal sealed partial class Job
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Starting {Attempt} under lease {Lease}.")]
    private partial void LogStarting(AttemptId attempt, long lease);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Attempt} ended: {Outcome}. {Detail}")]
    private partial void LogEnded(AttemptId attempt, string outcome, string? detail);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Attempt} could not be run.")]
    private partial void LogFailed(AttemptId attempt, Exception exception);
}
