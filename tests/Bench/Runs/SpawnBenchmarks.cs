using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Control.Agent.Local;
using Control.Agent.Processes;
using Control.Contracts.Access;
using Control.Contracts.Agents;
using Control.Contracts.Errors;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;
using Control.Engine.Pipelines;
using Control.Engine.Runs;
using Microsoft.Extensions.Logging.Abstractions;

namespace Control.Bench.Runs;

/// <summary>
/// How long an agent takes from having a lease in its hands to the exec of the job's shell: folders, a user of its own where the
/// bench is root, the reaper's word. And to the shell's first line (<c>_line</c>), which the job tells itself: loading bash takes
/// some milliseconds more. One job at a time: the next comes at once when the one before has ended, and for
/// <c>run.spawn_idle</c> half a second later, when the agent has nothing else to do any more.
/// </summary>
internal static class SpawnBenchmarks
{
    private const int WarmUp = 10;
    private const int Jobs = 100;
    private const string Definition = "stages: [{ name: s, jobs: { tell: { steps: [{ shell: bash, run: 'echo \"at=$EPOCHREALTIME\"' }] } } }]";

    private static readonly TimeSpan Idle = TimeSpan.FromMilliseconds(500);

    public static async Task RunAsync(TextWriter output)
    {
        await MeasureAsync(output, "spawn", TimeSpan.Zero);
        await MeasureAsync(output, "spawn_idle", Idle);
    }

    private static async Task MeasureAsync(TextWriter output, string name, TimeSpan pause)
    {
        var told = new Told();
        var options = new LocalAgentOptions { ReaperCommand = [Path.Combine(AppContext.BaseDirectory, "control"), ReaperProcess.Verb] };
        await using var agent = await LocalAgent.StartAsync(options, told, TimeProvider.System, NullLoggerFactory.Instance, default);
        using var bash = new ExecWatch(Programs.Find().Bash!);
        var (execs, lines) = (new List<double>(), new List<double>());
        for (var number = 1; number <= WarmUp + Jobs; number++)
        {
            var job = new AssignmentMessage(Lease(number), ImmutableSortedDictionary<string, string>.Empty, null, null, []);
            var exec = bash.NextAsync();
            var (began, beganAt) = (TimeProvider.System.GetTimestamp(), TimeProvider.System.GetUtcNow());
            agent.Start(job);
            execs.Add(TimeProvider.System.GetElapsedTime(began, await exec).TotalMilliseconds);
            lines.Add((await told.FirstCommandAsync() - beganAt).TotalMilliseconds);
            await told.EndAsync();
            await Task.Delay(pause, TimeProvider.System);
        }

        Print(output, $"run.{name}", execs);
        Print(output, $"run.{name}_line", lines);
    }

    private static void Print(TextWriter output, string name, IEnumerable<double> all)
    {
        double[] times = [.. all.Skip(WarmUp).Order()];
        BenchServer.Print(output, $"{name}_p50", times[times.Length / 2], "ms");
        BenchServer.Print(output, $"{name}_p99", times[(int)(times.Length * 0.99)], "ms");
    }

    private static Assignment Lease(int number)
    {
        var at = TimeProvider.System.GetUtcNow();
        var create = new CreateRun(1, PipelineParser.Parse(Definition).Spec!, ImmutableSortedDictionary<string, string>.Empty, null, at, Actor.System, null);
        var machine = new RunMachine(RunMachine.Create(new RunId(new PipelineId("spawn", "one"), number), create).Next, at);
        var lease = machine.TryLease(machine.Model.Attempts.Values.Single().Id, LocalAgent.Id, "bench");
        return lease.Granted ? lease.Value : throw new InvalidOperationException(lease.Refusal.Message);
    }

    /// <summary>Hears when each job's command ran, once the job has ended.</summary>
    private sealed class Told : ILocalRun
    {
        private readonly Lock _gate = new();
        private readonly StringBuilder _log = new();
        private TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private TaskCompletionSource<DateTimeOffset> _at = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task<DateTimeOffset> FirstCommandAsync()
        {
            var at = await _at.Task;
            lock (_gate)
            {
                _at = new(TaskCreationOptions.RunContinuationsAsynchronously);
                _log.Clear();
            }

            return at;
        }

        public async Task EndAsync()
        {
            await _ended.Task;
            lock (_gate)
            {
                _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }

        public Task<Refusal?> ReportAsync(AttemptReport report)
        {
            if (report.Kind != ReportKind.Started)
            {
                lock (_gate)
                {
                    _ended.TrySetResult();
                }
            }

            return Task.FromResult<Refusal?>(null);
        }

        public void Log(AttemptId attempt, ReadOnlySpan<byte> bytes)
        {
            lock (_gate)
            {
                var lines = _log.Append(Encoding.UTF8.GetString(bytes)).ToString().Split('\n');
                var told = lines[..^1].FirstOrDefault(line => line.StartsWith("at=", StringComparison.Ordinal));
                if (told is not null)
                {
                    _at.TrySetResult(DateTimeOffset.UnixEpoch + TimeSpan.FromSeconds(double.Parse(told["at=".Length..], CultureInfo.InvariantCulture)));
                }
            }
        }
    }
}
