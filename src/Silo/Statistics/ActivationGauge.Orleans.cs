using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Hosting;

namespace Control.Silo.Statistics;

/// <summary>
/// Shows the activations of each grain class under the name that the embedded runtime has for them. Orleans tells their
/// comings and goings as an instrument of its own; this keeps the sums.
/// </summary>
internal sealed class ActivationGauge : IHostedService, IDisposable
{
    private readonly ConcurrentDictionary<string, int> _activations = new();
    private readonly MeterListener _listener = new();
    private readonly IMeterFactory _meters;

    public ActivationGauge(IMeterFactory meters)
    {
        _meters = meters;
        meters.Create(CallStatistics.MeterName).CreateObservableUpDownCounter(
            ActivationCounts.Instrument, Measure, "{activation}", "Grains in memory, per grain class.");
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _listener.InstrumentPublished = Listen;
        _listener.SetMeasurementEventCallback<int>((_, change, tags, _) => Count(tags, change));
        _listener.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _listener.Dispose();

    // Only this host's silo: a process may have several.
    private void Listen(Instrument instrument, MeterListener listener)
    {
        if (instrument is { Name: "orleans-grains", Meter.Name: "Microsoft.Orleans" } && ReferenceEquals(instrument.Meter.Scope, _meters))
        {
            listener.EnableMeasurementEvents(instrument);
        }
    }

    private void Count(ReadOnlySpan<KeyValuePair<string, object?>> tags, int change)
    {
        if (tags.Length > 0 && tags[0].Value is string type)
        {
            _activations.AddOrUpdate(TypeOf(type), change, (_, count) => count + change);
        }
    }

    // Tags name the class in full; grains are known by the class's name without "Grain".
    private static string TypeOf(string name)
    {
        var type = name.Split(',')[0];
        type = type[(type.LastIndexOf('.') + 1)..];
        return (type.EndsWith("Grain", StringComparison.Ordinal) ? type[..^5] : type).ToLowerInvariant();
    }

    private IEnumerable<Measurement<int>> Measure() =>
        _activations.Select(one => new Measurement<int>(one.Value, new KeyValuePair<string, object?>("control.grain.type", one.Key)));
}
