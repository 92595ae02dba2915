using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Control.Contracts;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Xunit.Abstractions;

namespace Control.Crash.Tests;

/// <summary>
/// An agent is killed at each thing it tells the server or hears from it, once before the server has it and once before the
/// agent has the answer, and started again: what the server did not know to have ended is lost and tried once more, nothing of
/// the job outlives its agent, no two attempts run at a time, and of the log there is what the server had acknowledged.
/// </summary>
[Collection("second sweep")]
public sealed class AgentSweepTests(ITestOutputHelper output)
{
    private const string Retried = """
        run Succeeded 
        stage build Succeeded 
        attempt build.work/1 Lost AgentRestarted exit  by stage with {}
        attempt build.work/2 Succeeded  exit 0 by retry-rule with {"MADE":"2"}
        """;

    private const string Undisturbed = """
        run Succeeded 
        stage build Succeeded 
        attempt build.work/1 Succeeded  exit 0 by stage with {"MADE":"1"}
        """;

    private const string Cancelled = """
        run Cancelled Cancelled
        stage build Cancelled 
        attempt build.work/1 Cancelled Cancelled exit  by stage with {}
        """;

    private const string LostWhileStopped = """
        run Cancelled Cancelled
        stage build Cancelled 
        attempt build.work/1 Lost AgentRestarted exit  by stage with {}
        """;

    [Fact]
    public async Task AgentKilledAtAnyReport_StartedAgain_LosesWhatTheServerDoesNotKnow()
    {
        await using var site = await Site.Start(output);
        await using var relay = await site.StartRelay();
        var play = new AgentSweep(site, relay, await site.Define("sweep", Pipeline(site.Folder)));
        await play.StartAgent();
        Assert.Equal(Undisturbed, (await play.Run(null)).Outcome);

        var table = new StringBuilder();
        foreach (var (moment, expected) in Moments())
        {
            var began = TimeProvider.System.GetTimestamp();
            var (outcome, kept) = await play.Run(moment);
            Assert.True(expected == outcome, $"Killed {moment}, expected\n{expected}\nbut was\n{outcome}");
            var end = expected == Retried ? "lost and retried" : expected == Undisturbed ? "as undisturbed" : expected == Cancelled ? "cancelled" : "cancelled, attempt lost";
            table.AppendLine(CultureInfo.InvariantCulture, $"agent | {moment} | {end}, {kept} bytes of log kept, {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.0} s");
        }

        output.WriteLine(table.ToString());
        await Sweep.Publish(table.ToString());
    }

    // What the server acknowledged is known to it also when the agent is killed before it hears that.
    private static IEnumerable<(Moment Moment, string End)> Moments() =>
    [
        (new Moment("order", IsAnswered: true), Retried),
        (new Moment("Started", IsAnswered: false), Retried),
        (new Moment("Started", IsAnswered: true), Retried),
        (new Moment("first log", IsAnswered: false), Retried),
        (new Moment("first log", IsAnswered: true), Retried),
        (new Moment("further log", IsAnswered: false), Retried),
        (new Moment("further log", IsAnswered: true), Retried),
        (new Moment("Succeeded", IsAnswered: false), Retried),
        (new Moment("Succeeded", IsAnswered: true), Undisturbed),
        (new Moment("last log", IsAnswered: false), Undisturbed),
        (new Moment("last log", IsAnswered: true), Undisturbed),
        (new Moment("Stopped", IsAnswered: false), LostWhileStopped),
        (new Moment("Stopped", IsAnswered: true), Cancelled),
    ];

    // Whoever has the lock runs; an attempt that finds it taken runs at the same time as another.
    private static string Pipeline(string folder) => $$"""
        stages:
          - name: build
            jobs:
              work:
                lostAfter: 30s
                outputs: [MADE]
                retry: { limit: 1, on: [lost] }
                steps:
                  - |
                    echo "$CONTROL_ATTEMPT" >> "{{folder}}/starts"
                    exec 9<> "{{folder}}/lock"
                    flock -n 9 || echo overlap >> "{{folder}}/starts"
                    setsid sleep 600 < /dev/null > /dev/null 2>&1 9>&- &
                    echo the first
                    read go < "{{folder}}/go-$CONTROL_ATTEMPT"
                    echo the further
                    read go < "{{folder}}/on-$CONTROL_ATTEMPT"
                    echo "MADE=$CONTROL_ATTEMPT" >> "$CONTROL_OUTPUT"
        """;
}

/// <summary>When the agent is killed: at a thing it says or hears, before or after the server answered.</summary>
internal sealed record Moment(string What, bool IsAnswered)
{
    public override string ToString() => IsAnswered ? $"{What}, the server has it" : $"{What}, the server does not have it";
}

/// <summary>Plays one run after the other with an agent that is killed at a moment of its first attempt.</summary>
internal sealed class AgentSweep(Site site, Relay relay, PipelineId pipeline)
{
    private static readonly string[] Gates = ["go-1", "on-1", "go-2", "on-2"];

    private readonly ConcurrentDictionary<AttemptId, MemoryStream> _sent = new();
    private readonly ConcurrentDictionary<AttemptId, MemoryStream> _acknowledged = new();
    private ControlProcess _agent = null!;

    public async Task StartAgent()
    {
        await site.SharedFile("lock");
        _agent = await site.StartAgent("worker", relay: relay);
    }

    /// <summary>A run from its start to its end; undisturbed without a moment.</summary>
    /// <returns>The outcome in words, and how much of the first attempt's log is there.</returns>
    public async Task<(string Outcome, long Kept)> Run(Moment? kill)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120), TimeProvider.System);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(limit.Token);
        await site.SharedFile("starts");
        foreach (var gate in Gates)
        {
            await Gate.Make(site, gate);
        }

        var killing = new Killing(kill, () => _agent.Kill());
        var over = done.Token;
        relay.Passes = exchange => PassesAsync(exchange, killing, over);
        var run = await site.StartRun(pipeline);
        var first = new AttemptId(run, new JobKey("build", "work"), 1);
        if (kill is not null)
        {
            await killing.Done.WaitAsync(limit.Token);
            _agent = await site.StartAgent("worker", relay: relay);
            // It serves, so what it was doing before is over.
            Assert.Empty(Leftovers.Of($"CONTROL_ATTEMPT_ID={first} ").Values);
        }

        await site.End(run, limit.Token);
        await done.CancelAsync();
        await AssertStarts(run, limit.Token);
        var log = await site.StoredLog(first, limit.Token);
        Assert.StartsWith(Text(_acknowledged, first), Encoding.UTF8.GetString(log), StringComparison.Ordinal);
        Assert.StartsWith(Encoding.UTF8.GetString(log), Text(_sent, first), StringComparison.Ordinal);
        Array.ForEach(Gates, gate => File.Delete(Path.Combine(site.Folder, gate)));
        return (await site.Tell(run), log.Length);
    }

    private async Task<bool> PassesAsync(Exchange exchange, Killing killing, CancellationToken done)
    {
        var said = Said(exchange);
        if (!await killing.PassesAsync(said, exchange.IsAnswered, done))
        {
            return false;
        }

        Note(exchange);
        if (exchange.IsAnswered && said is "first log" or "further log")
        {
            _ = GoOn(AttemptOf(exchange), said, killing.IsAt("Stopped"), done);
        }

        return true;
    }

    // Each attempt starts once at most, the second after the first.
    private async Task AssertStarts(RunId run, CancellationToken limit)
    {
        var attempts = await site.Client.GetAttemptsAsync(run, limit);
        var starts = await File.ReadAllLinesAsync(Path.Combine(site.Folder, "starts"), limit);
        var may = attempts.Select(attempt => attempt.Id.Number.ToString(CultureInfo.InvariantCulture)).Order(StringComparer.Ordinal).ToArray();
        // One that was killed at its order or start need not have come to its first line.
        Assert.True(starts.SequenceEqual(may) || starts.SequenceEqual(may.Skip(1)), $"{string.Join(", ", may)} were made, and started: {string.Join(", ", starts)}");
    }

    private async Task GoOn(AttemptId attempt, string said, bool isToBeStopped, CancellationToken done)
    {
        try
        {
            if (said == "further log" && isToBeStopped)
            {
                await site.Client.CancelRunAsync(attempt.Run, CancelMode.Now, done);
                return;
            }

            await Gate.Open(site, string.Create(CultureInfo.InvariantCulture, $"{(said == "first log" ? "go" : "on")}-{attempt.Number}"), done);
        }
        catch (OperationCanceledException) when (done.IsCancellationRequested)
        {
            // The attempt was killed before it came to the gate.
        }
    }

    // A piece that is sent again begins where the server's length was.
    private void Note(Exchange exchange)
    {
        if (exchange is not { What: "logs", Status: null or 200 })
        {
            return;
        }

        var log = (exchange.IsAnswered ? _acknowledged : _sent).GetOrAdd(AttemptOf(exchange), _ => new MemoryStream());
        lock (log)
        {
            log.Position = long.Parse(exchange.Query["offset"]!, CultureInfo.InvariantCulture);
            log.Write(exchange.Asked);
        }
    }

    private static string Text(ConcurrentDictionary<AttemptId, MemoryStream> logs, AttemptId attempt) =>
        logs.TryGetValue(attempt, out var log) ? Encoding.UTF8.GetString(log.ToArray()) : "";

    private static AttemptId AttemptOf(Exchange exchange) => AttemptId.Parse(exchange.Query["attempt"]!);

    // What an exchange is about; empty for what the sweep does not look at.
    private static string Said(Exchange exchange) => exchange.What switch
    {
        "poll" when exchange.IsAnswered && Encoding.UTF8.GetString(exchange.Answered).Contains("build.work/", StringComparison.Ordinal) => "order",
        "reports" => ContractJson.Read<AttemptReport>(exchange.AskedText).Kind.ToString(),
        "logs" when exchange.AskedText.Contains("step 1 ended", StringComparison.Ordinal) => "last log",
        "logs" when exchange.AskedText.Contains("the further", StringComparison.Ordinal) => "further log",
        "logs" when exchange.AskedText.Contains("the first", StringComparison.Ordinal) => "first log",
        _ => "",
    };
}

/// <summary>Kills an agent once, at a moment.</summary>
internal sealed class Killing(Moment? moment, Func<Task> kill)
{
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _succeeded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _kills;

    /// <summary>Complete once the agent is dead.</summary>
    public Task Done => _done.Task;

    public bool IsAt(string what) => moment?.What == what;

    /// <summary>False for the exchange that the agent does not survive.</summary>
    public async Task<bool> PassesAsync(string said, bool isAnswered, CancellationToken done)
    {
        if (IsAt("last log") && said == "last log" && !Done.IsCompleted)
        {
            // The result is to be known: what is tested is the end of a log whose job has ended.
            await _succeeded.Task.WaitAsync(done);
        }

        if (IsAt(said) && moment!.IsAnswered == isAnswered && Interlocked.Increment(ref _kills) == 1)
        {
            await kill();
            _done.SetResult();
            return false;
        }

        if (said == nameof(ReportKind.Succeeded) && isAnswered)
        {
            _succeeded.TrySetResult();
        }

        return true;
    }
}
