using System.Diagnostics;
using System.Diagnostics.Metrics;
using Orleans;

namespace Control.Runtime.Calls;

/// <summary>
/// Records every call that reaches a grain: its duration, with its outcome, per method and grain class. Names follow
/// OpenTelemetry's conventions for RPC servers; the count of calls is the histogram's count.
/// </summary>
internal sealed class CallStatistics : IIncomingGrainCallFilter
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Control.Runtime";

    private readonly Histogram<double> _duration;
    private readonly TimeProvider _clock;

    public CallStatistics(IMeterFactory meters, Hosting.GrainRuntimeOptions options)
    {
        _duration = meters.Create(MeterName).CreateHistogram<double>(
            "rpc.server.call.duration", "s", "Duration of calls that grains answered, from the first turn to the answer.");
        _clock = options.Clock;
    }

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        if (!_duration.Enabled)
        {
            await context.Invoke();
            return;
        }

        var begin = _clock.GetTimestamp();
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
            Record(context, _clock.GetElapsedTime(begin), error);
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
