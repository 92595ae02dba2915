using System.Diagnostics.Metrics;

namespace Control.Runtime.Calls;

/// <summary>Shows how many activations of each grain class a silo holds and how many calls wait for an answer.</summary>
internal sealed class ActivationGauges
{
    private const string MeterName = "Control.Runtime";

    public ActivationGauges(IMeterFactory meters, GrainClasses classes, PendingCalls calls)
    {
        var meter = meters.Create(MeterName);
        meter.CreateObservableUpDownCounter(
            "control.grain.activations", () => Measure(classes), "{activation}", "Grains in memory, per grain class.");
        meter.CreateObservableUpDownCounter("control.grain.calls.pending", () => calls.Count, "{call}", "Calls that wait for an answer.");
    }

    private static IEnumerable<Measurement<int>> Measure(GrainClasses classes) => classes.All
        .Select(one => new Measurement<int>(one.Activations, new KeyValuePair<string, object?>("control.grain.type", one.GrainType.ToString())));
}
