using System.Collections.Immutable;
using Control.Cli.Client;
using Control.Contracts;
using Control.Contracts.Access;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.Engine.Pipelines;
using Control.Engine.Runs;
using Control.Grains.Runs;
using Control.Storage;
using Control.Storage.Commits;
using Microsoft.Extensions.Logging.Abstractions;

namespace Control.Bench.Runs;

/// <summary>How long a page of runs in one state takes over HTTPS among a hundred thousand runs, of a pipeline and of the workspace in turn.</summary>
internal static class ListBenchmarks
{
    private const int Runs = 100_000;
    private const int Pages = 1000;
    private const int WarmUp = 50;
    private const string Definition = "stages: [{ name: build, jobs: { all: { steps: [make] } } }, { name: test, jobs: { all: { steps: [make test] } } }]";
    private static readonly PipelineId Pipeline = new("list", "one");

    public static async Task RunAsync(TextWriter output)
    {
        await using var server = await BenchServer.StartAsync(SeedAsync);
        await server.DefineAsync(Pipeline, Definition);
        var (times, cursors) = (new List<double>(), new string?[2]);
        for (var i = 0; i < WarmUp + Pages; i++)
        {
            // One in a hundred was cancelled: the rarest state, some pages deep.
            var query = new PageQuery("cancelled", cursors[i % 2], 50);
            var began = TimeProvider.System.GetTimestamp();
            var page = i % 2 == 0
                ? await server.Client.ListRunsAsync(Pipeline, query, default)
                : await server.Client.ListRunsAsync(Pipeline.Workspace, query, default);
            times.Add(TimeProvider.System.GetElapsedTime(began).TotalMilliseconds);
            cursors[i % 2] = page.Value.NextCursor;
            if (page.Value.Items.Length != 50) throw new InvalidOperationException($"A page had {page.Value.Items.Length} runs.");
        }

        times = [.. times.Skip(WarmUp).Order()];
        BenchServer.Print(output, "run.list_p50", times[times.Count / 2], "ms");
        BenchServer.Print(output, "run.list_p99", times[(int)(times.Count * 0.99)], "ms");
    }

    private static async Task SeedAsync(string folder)
    {
        using var store = ControlStore.Open(new StorageOptions { DataDirectory = folder }, TimeProvider.System, NullLoggerFactory.Instance);
        var spec = PipelineParser.Parse(Definition).Spec!;
        await Parallel.ForAsync(1, Runs + 1, new ParallelOptions { MaxDegreeOfParallelism = 256 }, async (number, cancel) =>
            await store.Commits.CommitAsync(Ended(spec, number), cancel));
    }

    private static Commit Ended(PipelineSpec spec, int number)
    {
        var id = new RunId(Pipeline, number);
        var at = DateTimeOffset.UnixEpoch + TimeSpan.FromMinutes(number);
        var model = RunMachine.Create(id, new CreateRun(1, spec, ImmutableSortedDictionary<string, string>.Empty, null, at, Actor.System, null)).Next;
        var state = (number % 100) switch { 0 => RunState.Cancelled, < 10 => RunState.Failed, _ => RunState.Succeeded };
        model = model with { Head = model.Head with { State = state, FinishedAt = at + TimeSpan.FromMinutes(1) } };
        return new Commit
        {
            Subject = new SubjectKey(SubjectKinds.Run, id.ToString()),
            ExpectedVersion = 0,
            Document = ContractJson.Write(model.Head),
            Index = RunRows.Index(model, "bench"),
        };
    }
}
