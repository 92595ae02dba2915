using System.Diagnostics;
using System.Diagnostics.Metrics;
using Orleans;

namespace Control.Silo.Statistics;

/// <summary>
/// Counts every call that reaches a grain, alike on both engines, and records its duration, with its outcome, per method and
/// grain class, when somebody listens to the meter. Names follow OpenTelemetry's conventions for RPC servers; the count of
/// calls is the histogram's count.
/// </summary>
internal sealed class CallStatistics(IMeterFactory meters, CallCounts counts) : IIncomingGrainCallFilter
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Control.Silo";

    private readonly Histogram<double> _duration = meters.Create(MeterName).CreateHistogram<double>(
        "rpc.server.call.duration", "s", "Duration of calls that grains answered, from the first turn to the answer.");

    // Orleans shows filters the calls between its own parts too.
    public Task Invoke(IIncomingGrainCallContext context) => IsEngines(context) ? context.Invoke() : CountAsync(context);

    /// <summary>Whether it is a call between parts of the engine.</summary>
    public static bool IsEngines(IGrainCallContext context) => context.InterfaceName.StartsWith("Orleans.", StringComparison.Ordinal);

    private async Task CountAsync(IIncomingGrainCallContext context)
    {
        var executing = counts.Begin(context.TargetId.Type);
        var begin = Stopwatch.GetTimestamp();
        string? error = null;
        try
        {
            await context.Invoke();
        }
        catch (Exception fault)
        {
            error = fault.GetType().FullName;
            throw;
        }
        finally
        {
            var duration = Stopwatch.GetElapsedTime(begin);
            counts.End(executing, context.TargetId, duration, error is not null);
            if (_duration.Enabled) Record(context, duration, error);
        }
    }

    private void Record(IIncomingGrainCallContext context, TimeSpan duration, string? error)
    {
        var tags = new TagList
        {
            { "rpc.system.name", "control" },
            { "rpc.method", $"{context.InterfaceType}/{context.MethodName}" },
            { "control.grain.type", context.TargetId.Type.ToString() },
        };
        if (error is not null) tags.Add("error.type", error);
        _duration.Record(duration.TotalSeconds, tags);
    }
}
