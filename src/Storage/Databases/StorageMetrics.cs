using System.Diagnostics.Metrics;

namespace Control.Storage.Databases;

/// <summary>Figures of the meter <c>Control.Storage</c>.</summary>
internal sealed class StorageMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Control.Storage";

    private readonly Meter _meter = new(MeterName);
    private readonly Histogram<double> _duration;
    private readonly Histogram<int> _batch;

    /// <summary>Creates the instruments.</summary>
    public StorageMetrics()
    {
        _duration = _meter.CreateHistogram<double>("control.storage.commit.duration", "s", "Time of a transaction, sync included.");
        _batch = _meter.CreateHistogram<int>("control.storage.commit.batch", "{write}", "Writes gathered in a transaction.");
    }

    /// <summary>Records one transaction.</summary>
    public void Committed(string database, int count, TimeSpan duration)
    {
        var tag = new KeyValuePair<string, object?>("database", database);
        _duration.Record(duration.TotalSeconds, tag);
        _batch.Record(count, tag);
    }

    /// <summary>Shows the length of a database's queue.</summary>
    public void Observe(string database, Func<int> length) => _meter.CreateObservableGauge(
        "control.storage.queue.length",
        () => new Measurement<int>(length(), new KeyValuePair<string, object?>("database", database)),
        "{write}",
        "Writes that wait for a transaction.");

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
