using System.Diagnostics;
using System.Diagnostics.Metrics;
using Orleans;

namespace Control.Silo.Statistics;

/// <summary>
/// Records every call that reaches a grain, alike on both engines: its duration, with its outcome, per method and grain
/// class. Names follow OpenTelemetry's conventions for RPC servers; the count of calls is the histogram's count.
/// </summary>
internal sealed class CallStatistics(IMeterFactory meters) : IIncomingGrainCallFilter
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Control.Silo";

    private readonly Histogram<double> _duration = meters.Create(MeterName).CreateHistogram<double>(
        "rpc.server.call.duration", "s", "Duration of calls that grains answered, from the first turn to the answer.");

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        // Orleans shows filters the calls between its own parts too.
        if (!_duration.Enabled || context.InterfaceName.StartsWith("Orleans.", StringComparison.Ordinal))
        {
            await context.Invoke();
            return;
        }

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
            Record(context, Stopwatch.GetElapsedTime(begin), error);
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
