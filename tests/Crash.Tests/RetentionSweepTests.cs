using System.Text;
using Control.Cli.Client;
using Control.Contracts;
using Control.Contracts.Pipelines;
using Control.Contracts.Retention;
using Control.Contracts.Runs;
using Xunit.Abstractions;

namespace Control.Crash.Tests;

/// <summary>
/// The server is killed at every persisted step of deleting a run and of pruning three, one after the other, and started again.
/// The step is seen with the write locks of the databases held, and the kill comes before they are given back: what is persisted
/// then is exactly what the table says. In the end what was to go is gone, with all rows, events and logs but for the tombstone,
/// what was to stay is as it was, and retention has told of every run it deleted once.
/// </summary>
[Collection("second sweep")]
public sealed class RetentionSweepTests(ITestOutputHelper output)
{
    // Runs made before the first kill, so that nothing waits for the agent to come back. Should they run out, more are made.
    private const int Stock = 30;

    private static readonly TimeSpan SlowRestart = TimeSpan.FromSeconds(4);

    [Fact]
    public async Task ServerKilledAtEveryStep_OfDeletionsAndPrunes_WhatWasToGoIsGoneAndNothingElse()
    {
        await using var site = await Site.Start(output);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5), TimeProvider.System);
        await site.StartAgent("worker");
        var pipeline = await site.Define("kept", """
            stages:
              - name: build
                jobs:
                  one: { steps: [echo one] }
                  two: { steps: [echo two] }
            """);
        var play = new Play(site, pipeline, limit.Token);
        var others = new[] { await play.Ended(), await play.Ended() };
        foreach (var other in others)
        {
            await site.Client.KeepRunAsync(other, "others", limit.Token);
        }

        var before = others.Select(play.Whole).ToList();
        await play.Make(Stock);
        try
        {
            await play.Sweep("delete", runs: 1, play.Delete);
            await play.Sweep("prune", runs: 3, play.Prune);
            await play.UntilNothingIsLeft();
        }
        finally
        {
            output.WriteLine(play.Table);
        }

        Assert.Equal(before, others.Select(play.Whole));
        await play.AssertToldOnce();
        await Sweep.Publish(play.Table);
    }

    private sealed class Play(Site site, PipelineId pipeline, CancellationToken limit)
    {
        private readonly StringBuilder _table = new();
        private readonly HashSet<RunId> _gone = [];
        private readonly HashSet<RunId> _pruned = [];
        private readonly List<RunId> _stock = [];

        public string Table => _table.ToString();

        public async Task<RunId> Ended()
        {
            var run = await site.StartRun(pipeline);
            await site.End(run, limit);
            foreach (var attempt in await site.Client.GetAttemptsAsync(run, limit))
            {
                // To its end, which may come after the run's.
                Assert.Contains($"{attempt.Id.Job.Job}\n", Encoding.UTF8.GetString(await site.Log(attempt.Id, limit)), StringComparison.Ordinal);
            }

            return run;
        }

        public async Task Make(int count)
        {
            foreach (var some in Enumerable.Range(0, count).Chunk(5))
            {
                _stock.AddRange(await Task.WhenAll(some.Select(_ => Ended())));
            }

            _stock.Sort((a, b) => a.Number.CompareTo(b.Number));
        }

        /// <summary>
        /// Does it again and again, each time with the next runs and killed one step later, until it was twice over before the
        /// kill: steps that come at once may be seen as one.
        /// </summary>
        public async Task Sweep(string name, int runs, Func<List<RunId>, Task> act)
        {
            for (var (kill, missed, stride) = (0, 0, 1); missed < 2; kill += stride)
            {
                await Make(Math.Max(0, runs + 1 - _stock.Count));
                var doomed = _stock[..runs];
                _stock.RemoveRange(0, runs);
                var began = TimeProvider.System.GetTimestamp();
                var acting = act(doomed);
                var step = await KillAt(kill, doomed, acting);
                await acting;
                missed += step is null ? 1 : 0;
                _gone.UnionWith(doomed);
                _pruned.UnionWith(name == "prune" ? doomed : []);
                // Where a restart is slow, as on some engines and where a dead silo must be declared dead first, every second step.
                stride = step is not null && TimeProvider.System.GetElapsedTime(began) > SlowRestart ? 2 : 1;
                var took = TimeProvider.System.GetElapsedTime(began).TotalSeconds;
                _table.AppendLine(FormattableString.Invariant($"{name} | {kill} {step ?? "not killed"} | gone as undisturbed, {took:0.0} s"));
            }
        }

        /// <summary>Kills at the n-th step seen, 0 being none, and starts the server again; null when all was over before.</summary>
        private async Task<string?> KillAt(int kill, List<RunId> doomed, Task acting)
        {
            using var probe = new StoreProbe(site.Data);
            var (steps, last) = (-1, "");
            while (true)
            {
                probe.HoldAfterNextStep();
                var isOver = acting.IsCompleted;
                var runs = doomed.CountBy(run => probe.Run(run.ToString())).Select(some => FormattableString.Invariant($"{some.Value} {some.Key}"));
                var now = string.Join("; ", runs.Append(probe.Retention(pipeline.ToString())));
                steps += now == last ? 0 : 1;
                if (steps == kill)
                {
                    await site.Server.Kill();
                    probe.Release();
                    await site.CrashServer();
                    return now;
                }

                probe.Release();
                if (isOver && now == last && doomed.All(run => IsNothingLeft(probe, run)))
                {
                    return null;
                }

                last = now;
            }
        }

        // The client repeats no deletion that the kill may have cut off: whoever asked asks again.
        public async Task Delete(List<RunId> doomed)
        {
            while (!await IsDeleted(doomed.Single()))
            {
            }
        }

        private async Task<bool> IsDeleted(RunId run)
        {
            try
            {
                await site.Client.DeleteRunAsync(run, limit);
                return true;
            }
            catch (ProblemException e) when (e.Problem.Code == "not-found")
            {
                return true;
            }
            catch (ServerUnreachableException)
            {
                return false;
            }
        }

        // All but those still in stock.
        public async Task Prune(List<RunId> doomed) =>
            Assert.Null((await site.Client.PruneRunsAsync(pipeline, new RetentionPolicy(_stock.Count, 0, 0), dryRun: false, null, limit)).Value.Next);

        public string Whole(RunId run)
        {
            using var probe = new StoreProbe(site.Data);
            return probe.Whole(run.ToString());
        }

        // Nobody is told of the end of a deletion. What was cut off is looked at again after 30 s.
        public async Task UntilNothingIsLeft()
        {
            using var probe = new StoreProbe(site.Data);
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            while (!_gone.All(run => IsNothingLeft(probe, run)))
            {
                await timer.WaitForNextTickAsync(limit);
            }

            foreach (var run in _gone)
            {
                Assert.StartsWith("object.deleted ", probe.Events(run.ToString()), StringComparison.Ordinal);
                Assert.Equal("not-found", (await Assert.ThrowsAsync<ProblemException>(() => site.Client.GetRunAsync(run, limit))).Problem.Code);
            }
        }

        public async Task AssertToldOnce()
        {
            var told = new List<long>();
            await foreach (var item in site.Client.WatchRetentionAsync(pipeline, 0, limit))
            {
                told.AddRange(ContractJson.Read<RunsPruned>(item.Data).Runs);
                if (told.Count >= _pruned.Count)
                {
                    break;
                }
            }

            Assert.Equal(_pruned.Select(run => run.Number).Order(), told.Order());
        }

        private static bool IsNothingLeft(StoreProbe probe, RunId run) => probe.Run(run.ToString()) == "tombstone, 0 rows, 1 events, 0 logs";
    }
}
