using Control.Chaos.Canaries;
using Control.Chaos.History;
using Control.Chaos.Loads;
using Control.Chaos.Plans;
using Control.Chaos.Sites;

namespace Control.Chaos;

/// <summary>What came of a fault run.</summary>
/// <param name="History">Everything seen.</param>
/// <param name="Findings">What is wrong with it.</param>
/// <param name="Faults">What was broken, and when.</param>
/// <param name="Unanswered">The longest a canary's call took.</param>
/// <param name="Failover">The longest one took after a kill; null when none was measured.</param>
/// <param name="Refusals">What clients were refused, how often.</param>
internal sealed record Outcome(
    IReadOnlyList<Seen> History,
    IReadOnlyList<Finding> Findings,
    IReadOnlyCollection<Disturbance> Faults,
    TimeSpan Unanswered,
    TimeSpan? Failover,
    IReadOnlyList<KeyValuePair<string, int>> Refusals);

/// <summary>A site under load, broken by plan, then left alone until everything has ended, then checked.</summary>
internal static class FaultRun
{
    private static readonly TimeSpan QuietEnd = TimeSpan.FromMinutes(3);

    /// <summary>Plays it; a history in which something is wrong is written with the processes' logs before the site is removed.</summary>
    public static async Task<Outcome> PlayAsync(ChaosOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        var (shape, recorder) = (Shape.Of(options.Seed), new Recorder());
        await output.WriteLineAsync($"seed {options.Seed}: {shape.Nodes} silos, {shape.Gateways} of them with a gateway, {shape.Agents} agents");
        await using var site = await Site.StartAsync(shape, recorder, output, cancellationToken);
        using var ended = new CancellationTokenSource();
        var journal = new Journal(site.Folder, recorder).ReadAsync(ended.Token);
        var canary = new Canary(site);
        await canary.PrepareAsync(cancellationToken);
        using var load = await Load.PrepareAsync(site, recorder, options.Seed, cancellationToken);
        var singing = canary.SingAsync(ended.Token);

        var saboteur = new Saboteur(site, output);
        await DisturbAsync(options, shape, saboteur, load, output, cancellationToken);
        await Closing.ReadAsync(site, load, recorder, cancellationToken);
        await ended.CancelAsync();
        await Task.WhenAll(journal, singing);

        var findings = HistoryChecker.Check(recorder.All);
        var outcome = new Outcome(recorder.All, findings, saboteur.Done, canary.Longest, canary.LongestFailover(saboteur.Done), [.. load.Refusals]);
        if (findings.Count > 0) await KeepAsync(options, site, outcome, output);
        return outcome;
    }

    // Faults and load, then the quiet end; what has not ended by then is for the checker to find.
    private static async Task DisturbAsync(ChaosOptions options, Shape shape, Saboteur saboteur, Load load, TextWriter output, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var tooLate = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        enough.CancelAfter(options.Duration);
        tooLate.CancelAfter(options.Duration + QuietEnd);
        try
        {
            var playing = load.PlayAsync(enough.Token, tooLate.Token);
            await saboteur.CarryOutAsync(Plan.Make(options.Seed, options.Duration, shape), cancellationToken);
            await Task.WhenAny(playing, Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, enough.Token));
            await output.WriteLineAsync("          no more faults: every run is given time to end");
            await playing;
            await load.UntilAllEndedAsync(tooLate.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await output.WriteLineAsync($"          not everything ended within {QuietEnd.TotalMinutes:0} minutes");
        }
    }

    private static async Task KeepAsync(ChaosOptions options, Site site, Outcome outcome, TextWriter output)
    {
        var folder = Path.Combine(options.Output, $"{options.Seed}");
        Directory.CreateDirectory(folder);
        await HistoryFile.WriteAsync(Path.Combine(folder, "history.jsonl"), outcome.History);
        await File.WriteAllLinesAsync(Path.Combine(folder, "findings"), outcome.Findings.Select(finding => $"{finding.Wrong}: {finding.Text}"));
        foreach (var part in site.Nodes.Concat(site.Agents)) await part.KeepLogAsync(Path.Combine(folder, part.Name + ".log"));
        await output.WriteLineAsync($"history and logs are in {folder}");
    }
}
