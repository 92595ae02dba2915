using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Control.Runtime.Activations;

internal sealed partial class Activation
{
    [LoggerMessage(1, LogLevel.Error, "Grain {GrainId} could not be activated")]
    private static partial void LogActivationFailed(ILogger log, GrainId grainId, Exception fault);

    [LoggerMessage(2, LogLevel.Error, "Grain {GrainId} failed in its deactivation and ended all the same")]
    private static partial void LogDeactivationFailed(ILogger log, GrainId grainId, Exception fault);

    [LoggerMessage(3, LogLevel.Error, "A timer of grain {GrainId} failed; it ticks on")]
    private static partial void LogTimerFailed(ILogger log, GrainId grainId, Exception fault);

    [LoggerMessage(4, LogLevel.Error, "A turn of grain {GrainId} failed outside of a request")]
    private static partial void LogTurnFailed(ILogger log, GrainId grainId, Exception fault);
}
