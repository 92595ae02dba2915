using Microsoft.Extensions.Logging;

namespace Control.Storage.Databases;

internal sealed partial class WriteQueue
{
    [LoggerMessage(1, LogLevel.Warning, "A transaction of {Count} writes failed on attempt {Attempt} and is repeated.")]
    private partial void LogRetry(Exception error, int count, int attempt);

    [LoggerMessage(2, LogLevel.Error, "{Count} writes failed and were not confirmed to their callers.")]
    private partial void LogFailed(Exception error, int count);

    [LoggerMessage(3, LogLevel.Warning, "A connection that had failed could not be closed cleanly.")]
    private partial void LogCloseFailed(Exception error);
}
