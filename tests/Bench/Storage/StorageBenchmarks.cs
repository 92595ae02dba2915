using System.Globalization;
using Control.Contracts.Access;
using Control.Contracts.Runs;
using Control.Storage;
using Control.Storage.Commits;
using Microsoft.Extensions.Logging.Abstractions;

namespace Control.Bench.Storage;

/// <summary>
/// What a durable commit and a log byte cost, next to what the disk itself takes for one sync. Commits have the size of a
/// run's: 2 KB document, 1 KB view, one attempt, two events.
/// </summary>
internal static class StorageBenchmarks
{
    private const int Callers = 100;
    private static readonly TimeSpan Measured = TimeSpan.FromSeconds(5);

    public static async Task RunAsync(TextWriter output)
    {
        var directory = Directory.CreateTempSubdirectory("control-bench-");
        try
        {
            Print(output, "disk.fsync_p50", SyncMilliseconds(directory.FullName), "ms");
            using var store = ControlStore.Open(
                new StorageOptions { DataDirectory = directory.FullName }, TimeProvider.System, NullLoggerFactory.Instance);
            await CommitAsync(store, callers: 1, TimeSpan.FromSeconds(1));
            var alone = await CommitAsync(store, callers: 1, Measured);
            Print(output, "storage.commit_p50", alone.P50, "ms");
            Print(output, "storage.commit_p99", alone.P99, "ms");
            var together = await CommitAsync(store, Callers, Measured);
            Print(output, "storage.commits_per_s", together.PerSecond, "1/s");
            Print(output, "storage.commit_p50_100", together.P50, "ms");
            Print(output, "storage.loads_per_s", await LoadsPerSecondAsync(store), "1/s");
            Print(output, "storage.log_mb_per_s", await LogMegabytesPerSecondAsync(store), "MB/s");
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static double SyncMilliseconds(string directory)
    {
        var path = Path.Combine(directory, "sync.tmp");
        using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        var page = new byte[4096];
        var times = new List<double>();
        for (var i = 0; i < 500; i++)
        {
            file.Write(page);
            var started = TimeProvider.System.GetTimestamp();
            file.Flush(flushToDisk: true);
            times.Add(TimeProvider.System.GetElapsedTime(started).TotalMilliseconds);
        }

        return Figures(times, TimeSpan.FromSeconds(1)).P50;
    }

    private static async Task<(double P50, double P99, double PerSecond)> CommitAsync(ControlStore store, int callers, TimeSpan duration)
    {
        var started = TimeProvider.System.GetTimestamp();
        var times = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(() => CommitLoopAsync(store, started, duration))));
        return Figures([.. times.SelectMany(time => time)], TimeProvider.System.GetElapsedTime(started));
    }

    private static async Task<List<double>> CommitLoopAsync(ControlStore store, long started, TimeSpan duration)
    {
        var times = new List<double>();
        var subject = new SubjectKey(SubjectKinds.Run, $"w/p/{Guid.NewGuid()}");
        for (var version = 0L; TimeProvider.System.GetElapsedTime(started) < duration; version++)
        {
            var before = TimeProvider.System.GetTimestamp();
            await store.Commits.CommitAsync(Commit(subject, version % 40, version / 40));
            times.Add(TimeProvider.System.GetElapsedTime(before).TotalMilliseconds);
        }

        return times;
    }

    // Forty commits are a run's life; then the next run begins.
    private static Commit Commit(SubjectKey subject, long version, long run) => new()
    {
        Subject = subject with { Key = $"{subject.Key}/{run}" },
        ExpectedVersion = version,
        Document = new string('d', 2048),
        Index = new SubjectIndex("w", "w/p", run, version < 2 ? "preparing" : "running", false, false, new string('v', 1024), null, "boot"),
        Children = [new($"s.j{version % 4}/1", "attempt", version % 2 == 0 ? "queued" : "leased", "*", "agent", version, 0, new string('a', 512), new string('b', 256))],
        Events = [new("run.changed", DateTimeOffset.UnixEpoch, Actor.System, new string('e', 512)), new("attempt.changed", DateTimeOffset.UnixEpoch, Actor.System, new string('e', 256))],
    };

    private static async Task<double> LoadsPerSecondAsync(ControlStore store)
    {
        var subject = new SubjectKey(SubjectKinds.Run, "w/p/load");
        await store.Commits.CommitAsync(Commit(subject, 0, 0));
        const int loads = 20_000;
        var started = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < loads; i++)
            await store.Commits.LoadAsync(new SubjectKey(SubjectKinds.Run, "w/p/load/0"));
        return loads / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    }

    private static async Task<double> LogMegabytesPerSecondAsync(ControlStore store)
    {
        var chunk = new byte[64 * 1024];
        var started = TimeProvider.System.GetTimestamp();
        var written = await Task.WhenAll(Enumerable.Range(1, 16).Select(number => Task.Run(async () =>
        {
            var attempt = AttemptId.Parse($"w/p/{number}/s.j/1");
            var length = 0L;
            while (TimeProvider.System.GetElapsedTime(started) < Measured)
                length = (await store.Logs.AppendAsync(attempt, length, chunk)).Length;
            return length;
        })));
        return written.Sum() / 1e6 / TimeProvider.System.GetElapsedTime(started).TotalSeconds;
    }

    private static (double P50, double P99, double PerSecond) Figures(List<double> milliseconds, TimeSpan elapsed)
    {
        milliseconds.Sort();
        return (milliseconds[milliseconds.Count / 2], milliseconds[milliseconds.Count * 99 / 100], milliseconds.Count / elapsed.TotalSeconds);
    }

    private static void Print(TextWriter output, string name, double value, string unit) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name} {value:0.###} {unit}"));
}
