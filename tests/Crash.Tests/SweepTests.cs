using System.Text;
using Control.Contracts;
using Control.Contracts.Events;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.TestKit.Silos;
using Xunit.Abstractions;

namespace Control.Crash.Tests;

/// <summary>See <see cref="Sweep"/>.</summary>
public sealed class RetrySweepTests(ITestOutputHelper output)
{
    [Fact]
    public async Task ServerKilledAtAnyEvent_GateRulesAndRetry_EndsAsUndisturbed() =>
        await Sweep.Play(output, "retry", 2, folder => $$"""
            stages:
              - name: build
                jobs:
                  plain:
                    outputs: [MADE]
                    steps:
                      - echo "$CONTROL_ATTEMPT_ID" >> "{{folder}}/starts"
                      - echo "MADE=by $CONTROL_JOB" >> "$CONTROL_OUTPUT"
                  flaky:
                    retry: { limit: 2, on: [failure] }
                    steps:
                      - echo "$CONTROL_ATTEMPT_ID" >> "{{folder}}/starts"
                      - test "$CONTROL_ATTEMPT" = 2
              - name: release
                gate:
                  parameters:
                    CHANNEL: { type: choice, choices: [beta, stable] }
                jobs:
                  publish:
                    outputs: [DONE]
                    steps:
                      - echo "$CONTROL_ATTEMPT_ID" >> "{{folder}}/starts"
                      - test "$CONTROL_ATTEMPT" = 2
                      - echo "DONE=$MADE for $CHANNEL" >> "$CONTROL_OUTPUT"
            """);
}

/// <summary>See <see cref="Sweep"/>; a class of its own, so that it is played beside the first. What else loads the machine follows it in the same collection: more at a time would slow down the tests that measure time.</summary>
[Collection("second sweep")]
public sealed class CancelSweepTests(ITestOutputHelper output)
{
    [Fact]
    public async Task ServerKilledAtAnyEvent_Cancelled_EndsAsUndisturbed() =>
        await Sweep.Play(output, "cancel", 1, folder => $$"""
            stages:
              - name: build
                jobs:
                  endless:
                    retry: 3
                    steps:
                      - echo "$CONTROL_ATTEMPT_ID" >> "{{folder}}/starts"
                      - echo "PID=$$"; exec sleep 600
              - name: never
                jobs:
                  reached: { steps: ["true"] }
            """);
}

/// <summary>See <see cref="Sweep"/>.</summary>
[Collection("second sweep")]
public sealed class OrderSweepTests(ITestOutputHelper output)
{
    [Fact]
    public async Task ServerKilledAtAnyEvent_NeedsMatrixGroupsPauseAndFinally_EndsAsUndisturbed() =>
        // A place that a run does not give back would leave the next one waiting.
        await Sweep.Play(output, "order", 4, folder => $$"""
            concurrency: whole
            stages:
              - name: build
                concurrency: { group: built, by: pipeline, onLimit: cancelOldest }
                jobs:
                  leg:
                    concurrency: { group: legs, limit: 2 }
                    matrix: { axes: { N: [1, 2, 3] }, maxParallel: 2 }
                    outputs: [LAST]
                    steps:
                      - echo "$CONTROL_ATTEMPT_ID" >> "{{folder}}/starts"
                      - echo "LAST=$N" >> "$CONTROL_OUTPUT"
                  odd:
                    allowFailure: true
                    steps: ['echo "$CONTROL_ATTEMPT_ID" >> "{{folder}}/starts"', "exit 5"]
                  late:
                    needs: [leg, odd]
                    retry: { limit: 1, delay: 1s }
                    when: outputs.LAST == '3'
                    steps: ['echo "$CONTROL_ATTEMPT_ID" >> "{{folder}}/starts"', 'test "$CONTROL_ATTEMPT" = 2']
                  never: { needs: [late], when: failed(), steps: ["true"] }
              - name: unwanted
                when: results.build == 'failed'
                jobs:
                  all: { steps: ["true"] }
            finally:
              clean:
                outputs: [SEEN]
                steps: ['echo "$CONTROL_ATTEMPT_ID" >> "{{folder}}/starts"', 'echo "SEEN=$LAST" >> "$CONTROL_OUTPUT"']
            """);
}

/// <summary>
/// The server is killed at the n-th event of a run, for every n or every second, and started again at once: the run must end
/// as it does undisturbed, with every job started once per attempt and no event missing or repeated. The kill comes a moment
/// after the event, often in the next commit or in a request. On several silos a restart also waits for the dead one to be
/// declared dead, so only every third of these kills is played there.
/// </summary>
internal static class Sweep
{
    public static async Task Play(ITestOutputHelper output, string name, int stride, Func<string, string> definition)
    {
        await using var site = await Site.Start(output);
        await site.StartAgent("worker");
        var pipeline = await site.Define(name, definition(site.Folder));
        var (expected, events) = await Play(site, pipeline, int.MaxValue);
        output.WriteLine($"undisturbed, {events.Count} events:\n{expected}");
        var table = new StringBuilder();
        stride *= TestSilos.Count > 1 ? 3 : 1;
        for (var kill = 0; kill <= events.Count; kill += stride)
        {
            var began = TimeProvider.System.GetTimestamp();
            var (actual, seen) = await Play(site, pipeline, kill);
            Assert.True(expected == actual, $"Killed at event {kill}, expected\n{expected}\nbut was\n{actual}");
            table.AppendLine(Invariant($"{name} | {Step(seen, kill)} | as undisturbed, {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.0} s"));
        }

        output.WriteLine(table.ToString());
        await Publish(table.ToString());
    }

    /// <summary>Plays a run to its end; at event <paramref name="kill"/> (0: while it is started) the server is killed.</summary>
    private static async Task<(string Outcome, List<EventView> Events)> Play(Site site, PipelineId pipeline, int kill)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90), TimeProvider.System);
        var markers = Path.Combine(site.Folder, "starts");
        // Emptied, not deleted: whoever writes to it first would own it then, and jobs are different users.
        await File.WriteAllTextAsync(markers, "", limit.Token);
        var before = await Count(site, pipeline);
        var starting = site.StartRun(pipeline);
        await CrashIf(kill == 0, site);
        var run = await starting;
        var seen = await Follow(site, run, kill, limit.Token);

        Assert.Equal(before + 1, await Count(site, pipeline));
        Assert.Equal(Enumerable.Range(1, seen.Count).Select(n => (long)n), seen.Select(item => item.Sequence));
        var again = await site.End(run, limit.Token);
        Assert.Equal(seen.Select(Whole), again.Select(Whole));
        var started = await site.Client.GetAttemptsAsync(run, limit.Token);
        Assert.Equal(
            started.Where(attempt => attempt.LeasedAt is not null).Select(attempt => attempt.Id.ToString()).Order(StringComparer.Ordinal),
            (await File.ReadAllLinesAsync(markers, limit.Token)).Order(StringComparer.Ordinal));
        return (await site.Tell(run), seen);
    }

    /// <summary>The persisted step that the kill came behind.</summary>
    private static string Step(List<EventView> seen, int kill)
    {
        if (kill == 0)
        {
            return "0 start";
        }

        var e = seen[Math.Min(kill, seen.Count) - 1];
        var what = e.Type switch
        {
            EventTypes.AttemptChanged => ContractJson.Read<AttemptView>(e.Data) is var attempt ? $"{attempt.Id.LocalKey} {attempt.State}" : "",
            EventTypes.StageChanged or EventTypes.GateDecided => ContractJson.Read<StageView>(e.Data) is var stage ? $"{stage.Name} {stage.State}" : "",
            EventTypes.RunCreated or EventTypes.RunChanged => $"{ContractJson.Read<RunView>(e.Data).State}",
            _ => "",
        };
        return Invariant($"{kill} {e.Type} {what}");
    }

    // The run of the tests prints what it finds there.
    public static Task Publish(string table) =>
        Environment.GetEnvironmentVariable("CONTROL_TEST_TABLES") is { Length: > 0 } folder
            ? File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(folder).FullName, $"{Guid.NewGuid():N}.txt"), table)
            : Task.CompletedTask;

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private static string Whole(EventView item) => $"{item.Sequence} {item.Type} {item.At:O} {item.By} {item.Data}";

    private static async Task<List<EventView>> Follow(Site site, RunId run, int kill, CancellationToken limit)
    {
        var seen = new List<EventView>();
        var mayRetry = true;
        do
        {
            await foreach (var item in site.Client.WatchRunAsync(run, seen.Count, limit))
            {
                seen.Add(item);
                // At the same time: an answer that the kill takes away is asked for again.
                var deed = ActOn(site, run, item, limit);
                await CrashIf(seen.Count == kill, site);
                await deed;
            }
        }
        while (mayRetry && !(mayRetry = false) && await RetryIfFailed(site, run, limit));
        return seen;
    }

    private static Task CrashIf(bool wanted, Site site) => wanted ? site.CrashServer() : Task.CompletedTask;

    private static Task ActOn(Site site, RunId run, EventView item, CancellationToken limit)
    {
        if (item.Type == EventTypes.StageChanged && ContractJson.Read<StageView>(item.Data) is { State: StageState.Waiting } stage)
        {
            return site.Client.ApproveAsync(run, stage.Name, "", new Dictionary<string, string> { ["CHANNEL"] = "beta" }, limit);
        }

        return item.AttemptIn("build.endless/1", AttemptState.Running) is not null
            ? CancelOnceStarted(site, run, item, limit)
            : Task.CompletedTask;
    }

    // Not before the job itself has begun: whether a marker is there must not be a matter of luck.
    private static async Task CancelOnceStarted(Site site, RunId run, EventView item, CancellationToken limit)
    {
        var attempt = ContractJson.Read<AttemptView>(item.Data).Id;
        await site.LogUntil(attempt, "PID=", limit);
        await site.Client.CancelRunAsync(run, CancelMode.AfterFinally, limit);
    }

    private static async Task<bool> RetryIfFailed(Site site, RunId run, CancellationToken limit)
    {
        if ((await site.Client.GetRunAsync(run, limit)).Value.State != RunState.Failed)
        {
            return false;
        }

        await site.Client.RetryRunAsync(run, limit);
        return true;
    }

    private static async Task<int> Count(Site site, PipelineId pipeline) =>
        (await site.Client.ListRunsAsync(pipeline, Cli.Client.PageQuery.All, CancellationToken.None)).Value.Items.Length;
}
