using System.Globalization;
using Control.Agent.Jobs;
using Control.Contracts.Runs;

namespace Control.Agent.Executors;

/// <summary>A step that the kernel killed looks like any other that failed; what the kernel counted tells them apart.</summary>
internal static class OutOfMemory
{
    /// <summary>The result, with the true reason where processes were killed for want of memory and a step failed.</summary>
    /// <param name="result">As the steps ended.</param>
    /// <param name="kills">Processes that the kernel killed.</param>
    /// <param name="limit">The job's, in bytes; 0 when it has none.</param>
    public static JobResult Explain(JobResult result, long kills, long limit)
    {
        if (kills == 0 || result.Reason != Reasons.StepFailed)
        {
            return result;
        }

        var bound = limit > 0 ? string.Create(CultureInfo.InvariantCulture, $"its {limit >> 20} MiB of memory") : "the memory there is";
        return result with
        {
            Reason = Reasons.OutOfMemory,
            Message = string.Create(CultureInfo.InvariantCulture, $"The job used up {bound}, and the system killed {kills} of its processes. Use less, or raise 'memory'. {result.Message}"),
        };
    }
}
