using System.Globalization;
using System.Text;
using Control.Contracts.Runs;

namespace Control.Chaos.History;

/// <summary>
/// Reads what jobs write about themselves into a file that the servers do not know of, and watches the processes of those that
/// are in a group: one that dies in there was inside for as long as it was seen alive.
/// </summary>
internal sealed class Journal
{
    /// <summary>The file's name in the site's folder.</summary>
    public const string File = "journal";

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    // The times in the file are cut off to hundredths of a second.
    private static readonly TimeSpan Precision = TimeSpan.FromMilliseconds(10);

    private readonly string _path;
    private readonly Recorder _recorder;
    private readonly DateTimeOffset _boot;
    private readonly Dictionary<(AttemptId Attempt, string Group), Inside> _inside = [];
    private long _read;

    public Journal(string folder, Recorder recorder)
    {
        _path = Path.Combine(folder, File);
        _recorder = recorder;
        var up = System.IO.File.ReadAllText("/proc/uptime").Split(' ')[0];
        _boot = Recorder.Now - TimeSpan.FromSeconds(double.Parse(up, CultureInfo.InvariantCulture));
    }

    /// <summary>Reads until told to stop, then what there still is.</summary>
    public async Task ReadAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(LookEvery, TimeProvider.System);
        while (!stop.IsCancellationRequested)
        {
            Look();
            await timer.WaitForNextTickAsync(stop).AsTask().ContinueWith(_ => { }, TaskScheduler.Default);
        }

        Look();
    }

    // Who is dead is looked for before the file is read: who left and ended in between has written so by then.
    private void Look()
    {
        var now = Recorder.Now;
        var dead = new List<(AttemptId, string)>();
        foreach (var (who, inside) in _inside)
        {
            if (Born(inside.Process) is { } born && born == (inside.Born ??= born)) inside.AliveAt = now;
            else dead.Add(who);
        }

        ReadOn();
        foreach (var who in dead)
        {
            if (_inside.Remove(who, out var left)) _recorder.Note(new GroupLeft(left.LeftAt, who.Item2, who.Item1));
        }
    }

    private void ReadOn()
    {
        using var file = new FileStream(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Position = _read;
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        var whole = bytes.GetBuffer().AsSpan(0, (int)bytes.Length).LastIndexOf((byte)'\n') + 1;
        _read += whole;
        foreach (var line in Encoding.UTF8.GetString(bytes.GetBuffer(), 0, whole).Split('\n', StringSplitOptions.RemoveEmptyEntries)) Take(line);
    }

    // what, attempt, process, seconds since boot, and what else there is to say.
    private void Take(string line)
    {
        var words = line.Split(' ');
        var (attempt, at) = (AttemptId.Parse(words[1]), _boot + TimeSpan.FromSeconds(double.Parse(words[3], CultureInfo.InvariantCulture)));
        switch (words[0])
        {
            case "began":
                _recorder.Note(new JobBegan(at, attempt));
                break;
            case "wrote":
                _recorder.Note(new JobWrote(at, attempt, JobScript.Log(attempt, int.Parse(words[4], CultureInfo.InvariantCulture))));
                break;
            case "entered":
                _recorder.Note(new GroupEntered(at, words[4], int.Parse(words[5], CultureInfo.InvariantCulture), attempt));
                _inside[(attempt, words[4])] = new Inside(words[2], at) { AliveAt = at };
                break;
            case "left":
                _inside.Remove((attempt, words[4]));
                _recorder.Note(new GroupLeft(at, words[4], attempt));
                break;
            default:
                throw new InvalidOperationException($"The journal has a line that no job writes: {line}");
        }
    }

    // When the process was started, in ticks since boot; null when it does not run.
    private static string? Born(string process)
    {
        try
        {
            var stat = System.IO.File.ReadAllText($"/proc/{process}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : fields[19];
        }
        catch (IOException)
        {
            return null;
        }
    }

    private sealed record Inside(string Process, DateTimeOffset EnteredAt)
    {
        public DateTimeOffset AliveAt { get; set; }

        // Never before it entered, or it would be taken for inside forever.
        public DateTimeOffset LeftAt => AliveAt - Precision > EnteredAt ? AliveAt - Precision : EnteredAt;

        public string? Born { get; set; }
    }
}
