using System.Collections.Immutable;
using System.Diagnostics.Metrics;

namespace Control.Silo.Statistics;

/// <summary>Reads how many activations of each grain class the silo of this host has, from the instrument that both engines have.</summary>
internal sealed class ActivationCounts : IDisposable
{
    /// <summary>The instrument's name.</summary>
    public const string Instrument = "control.grain.activations";

    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, int> _found = [];

    public ActivationCounts(IMeterFactory meters)
    {
        // Only this host's silo: a process may have several.
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == Instrument && ReferenceEquals(instrument.Meter.Scope, meters)) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<int>((_, count, tags, _) => Add(tags, count));
        _listener.Start();
    }

    /// <summary>By grain class, without those that have none. One taker at a time.</summary>
    public ImmutableDictionary<string, int> Take()
    {
        _found.Clear();
        _listener.RecordObservableInstruments();
        return _found.Where(one => one.Value > 0).ToImmutableDictionary();
    }

    public void Dispose() => _listener.Dispose();

    private void Add(ReadOnlySpan<KeyValuePair<string, object?>> tags, int count)
    {
        foreach (var tag in tags)
        {
            if (tag is { Key: "control.grain.type", Value: string type }) _found[type] = count;
        }
    }
}
