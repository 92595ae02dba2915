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
        _duration = _meter.CreateHistogram(
            "control.storage.commit.duration", "s", "Time of a transaction, sync included.", tags: null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1] });
        _batch = _meter.CreateHistogram(
            "control.storage.commit.batch", "{write}", "Writes gathered in a transaction.", tags: null,
            new InstrumentAdvice<int> { HistogramBucketBoundaries = [1, 2, 4, 8, 16, 32, 64, 128, 256] });
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
