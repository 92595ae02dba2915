using System.Diagnostics.Metrics;

namespace Control.Bench.Runs;

/// <summary>Counts the commits that the store makes, through its own meter.</summary>
internal sealed class CommitCounter : IDisposable
{
    private readonly MeterListener _listener = new();
    private long _count;

    public CommitCounter()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "control.storage.commit.batch")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((_, writes, tags, _) =>
        {
            // The logs' database has a writer of its own; their bytes are no commits.
            if (tags.ToArray().Any(tag => tag is { Key: "database", Value: "control" }))
            {
                Interlocked.Add(ref _count, writes);
            }
        });
        _listener.Start();
    }

    public long Count => Interlocked.Read(ref _count);

    public void Dispose() => _listener.Dispose();
}
