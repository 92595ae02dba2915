using System.Globalization;
using System.Text;
using Control.Agent;
using Control.Agent.Logs;
using Control.Contracts.Agents;
using Control.Contracts.Pipelines;

namespace Control.Bench.Runs;

/// <summary>
/// Logs of a hundred jobs at once, by the agent's own spool and upload: how many lines of 100 bytes arrive in a second and
/// whether any is lost, and at a tenth of the goal how long a line takes from being written to whoever follows the log.
/// </summary>
internal static class LogBenchmarks
{
    private const int Agents = 4;
    private const int Jobs = 100;
    private const int Lines = 10_000;
    private const int LinesAtOnce = 50;
    private const int LineBytes = 100;
    private const int Followed = 20;
    private const int TailLines = 500;
    private static readonly TimeSpan TailPause = TimeSpan.FromMilliseconds(20);
    private static readonly PipelineId Pipeline = new("logs", "matrix");

    public static async Task RunAsync(TextWriter output)
    {
        await using var server = await BenchServer.StartAsync();
        var axis = string.Join(", ", Enumerable.Range(0, 10));
        await server.DefineAsync(Pipeline, $"stages: [{{ name: s, jobs: {{ log: {{ labels: [linux], matrix: {{ axes: {{ A: [{axis}], B: [{axis}] }} }}, steps: [\"true\"] }} }} }}]");
        var agents = new List<BenchAgent>();
        for (var i = 0; i < Agents; i++)
        {
            agents.Add(await server.JoinAsync($"log-{i}", Jobs / Agents));
        }

        var spools = Directory.CreateTempSubdirectory("control-bench-spool-");
        using var metrics = new AgentMetrics(() => 0);
        await IngestAsync(output, server, await StartAsync(server, agents), spools.FullName, metrics);
        await TailAsync(output, server, await StartAsync(server, agents), spools.FullName, metrics);
        foreach (var agent in agents)
        {
            await agent.DisposeAsync();
        }

        spools.Delete(recursive: true);
    }

    private static async Task<List<(BenchAgent Agent, Assignment Job)>> StartAsync(BenchServer server, List<BenchAgent> agents)
    {
        await server.Client.StartRunAsync(Pipeline, new Dictionary<string, string>(), null, default);
        var jobs = new List<(BenchAgent, Assignment)>();
        foreach (var agent in agents)
        {
            for (var i = 0; i < Jobs / Agents; i++)
            {
                var job = await agent.Work.ReadAsync();
                await agent.StartAsync(job);
                jobs.Add((agent, job));
            }
        }

        return jobs;
    }

    private static async Task IngestAsync(TextWriter output, BenchServer server, List<(BenchAgent Agent, Assignment Job)> jobs, string folder, AgentMetrics metrics)
    {
        var began = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(jobs.Select(job => Task.Run(() => UploadAsync(job.Agent, job.Job, folder, metrics))));
        BenchServer.Print(output, "log.ingest", Jobs * Lines / TimeProvider.System.GetElapsedTime(began).TotalSeconds, "lines/s");
        var lost = 0;
        foreach (var (agent, job) in jobs)
        {
            lost += await LostAsync(server, job);
            await agent.SucceedAsync(job, Lines * LineBytes);
        }

        BenchServer.Print(output, "log.lost", lost, "lines");
    }

    private static async Task UploadAsync(BenchAgent agent, Assignment job, string folder, AgentMetrics metrics)
    {
        using var spool = NewSpool(folder);
        var upload = agent.UploadAsync(job, spool, metrics);
        for (var line = 0; line < Lines; line += LinesAtOnce)
        {
            spool.Append(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(line, LinesAtOnce).Select(Line))));
        }

        spool.Complete();
        await upload;
    }

    private static async Task<int> LostAsync(BenchServer server, Assignment job)
    {
        var log = new StringBuilder();
        await foreach (var chunk in server.Client.ReadLogAsync(job.Attempt, 0, default))
        {
            log.Append(Encoding.ASCII.GetString(chunk.Bytes.Span));
        }

        var found = log.ToString().Split('\n');
        return Enumerable.Range(0, Lines).Count(line => line >= found.Length || found[line] + "\n" != Line(line));
    }

    private static async Task TailAsync(TextWriter output, BenchServer server, List<(BenchAgent Agent, Assignment Job)> jobs, string folder, AgentMetrics metrics)
    {
        var spools = jobs.Select(_ => NewSpool(folder)).ToList();
        var uploads = jobs.Zip(spools).Select(pair => pair.First.Agent.UploadAsync(pair.First.Job, pair.Second, metrics)).ToList();
        var followers = jobs.Take(Followed).Select(job => Task.Run(() => FollowAsync(server, job.Job))).ToList();
        using var pace = new PeriodicTimer(TailPause);
        for (var line = 0; line < TailLines && await pace.WaitForNextTickAsync(); line++)
        {
            foreach (var spool in spools)
            {
                spool.Append(Encoding.ASCII.GetBytes($"{TimeProvider.System.GetTimestamp()} ".PadRight(LineBytes - 1, '.') + "\n"));
            }
        }

        spools.ForEach(spool => spool.Complete());
        await Task.WhenAll(uploads);
        await Task.WhenAll(jobs.Select(job => job.Agent.SucceedAsync(job.Job, TailLines * LineBytes)));
        var times = (await Task.WhenAll(followers)).SelectMany(time => time).Order().ToList();
        spools.ForEach(spool => spool.Dispose());
        BenchServer.Print(output, "log.tail_p50", times[times.Count / 2], "ms");
        BenchServer.Print(output, "log.tail_p99", times[(int)(times.Count * 0.99)], "ms");
    }

    private static async Task<List<double>> FollowAsync(BenchServer server, Assignment job)
    {
        var (times, rest) = (new List<double>(), "");
        await foreach (var chunk in server.Client.FollowLogAsync(job.Attempt, 0, default))
        {
            var lines = (rest + Encoding.ASCII.GetString(chunk.Bytes.Span)).Split('\n');
            rest = lines[^1];
            times.AddRange(lines[..^1].Select(line => TimeProvider.System.GetElapsedTime(long.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture)).TotalMilliseconds));
        }

        return times.Count == TailLines ? times : throw new InvalidOperationException($"{times.Count} of {TailLines} lines were seen of {job.Attempt}.");
    }

    private static LogSpool NewSpool(string folder) => new(Path.Combine(folder, Guid.NewGuid().ToString("n")), new SpoolQuota(1L << 30));

    private static string Line(int number) => $"{number.ToString("D8", CultureInfo.InvariantCulture)} ".PadRight(LineBytes - 1, 'x') + "\n";
}
