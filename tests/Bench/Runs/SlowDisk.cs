using System.Diagnostics.Metrics;

namespace Control.Bench.Runs;

/// <summary>
/// Makes every transaction of the subjects' database take longer, as on a slow disk: the store's own figure of it is written by
/// the thread that writes, after the sync and before anybody hears of it, and is held up there.
/// </summary>
internal sealed class SlowDisk : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ManualResetEventSlim _never = new();

    public SlowDisk(TimeSpan added)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "control.storage.commit.batch")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((_, _, tags, _) =>
        {
            if (tags.ToArray().Any(tag => tag is { Key: "database", Value: "control" }))
            {
                _never.Wait(added);
            }
        });
        _listener.Start();
    }

    public void Dispose()
    {
        _listener.Dispose();
        _never.Dispose();
    }
}
