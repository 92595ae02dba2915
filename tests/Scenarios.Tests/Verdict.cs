using System.Text;
using Control.Cli.Client;
using Control.Contracts;
using Control.Contracts.Runs;

namespace Control.Scenarios.Tests;

/// <summary>Compares what came of a scenario with what its folder says.</summary>
internal static class Verdict
{
    public static void Refusal(Refused expected, ProblemException actual)
    {
        Assert.Equal(expected.Code, actual.Problem.Code);
        Assert.Equal(expected.Fields.Order(StringComparer.Ordinal), actual.Problem.Errors.Select(error => error.Field).Order(StringComparer.Ordinal));
    }

    public static async Task Gone(ControlClient client, Scenario expected, RunId id, CancellationToken cancellationToken)
    {
        async Task NotFound(Func<Task> read) => Assert.Equal("not-found", (await Assert.ThrowsAsync<ProblemException>(read)).Problem.Code);
        await NotFound(() => client.GetRunAsync(id, cancellationToken));
        await NotFound(() => client.GetAttemptsAsync(id, cancellationToken));
        await NotFound(() => client.DeleteRunAsync(id, cancellationToken));
        Assert.Equal(expected.Left, (await client.ListRunsAsync(id.Pipeline, PageQuery.All, cancellationToken)).Value.Items.Select(run => run.Id.Number).Order());
    }

    public static async Task Run(ControlClient client, Scenario expected, RunId id, CancellationToken cancellationToken)
    {
        var run = (await client.GetRunAsync(id, cancellationToken)).Value;
        var attempts = await client.GetAttemptsAsync(id, cancellationToken);
        var logs = new Dictionary<string, string>();
        foreach (var attempt in attempts)
        {
            logs[attempt.Id.LocalKey] = await Log(client, attempt, cancellationToken);
        }

        Run(expected, run, attempts, logs);
    }

    /// <summary>The same of what is known already.</summary>
    public static void Run(Scenario expected, RunView run, IReadOnlyCollection<AttemptView> attempts, IReadOnlyDictionary<string, string> logs)
    {
        var everything = string.Join('\n', logs.Select(log => $"--- {log.Key}\n{log.Value}"));
        Assert.True(Tell(expected) == Tell(run, attempts), $"expected\n{Tell(expected)}\nbut was\n{Tell(run, attempts)}\n{run.Message}\n{everything}");
        Assert.Contains(expected.Run!.Message ?? "", run.Message ?? "", StringComparison.Ordinal);
        Assert.Equal(expected.Run.Commit, run.Commit);
        Skips(expected, run);
        foreach (var (key, attempt) in expected.Attempts)
        {
            Assert.All(attempt.Log, text => Assert.True(logs[key].Contains(text, StringComparison.Ordinal), $"Not in the log of {key}: {text}\n{logs[key]}"));
            Assert.All(attempt.NotInLog, text => Assert.DoesNotContain(text, logs[key], StringComparison.Ordinal));
        }

        AssertGone(everything);
    }

    private static void Skips(Scenario expected, RunView run)
    {
        var skipped = run.Stages
            .SelectMany(stage => stage.Details.Where(job => job.Skipped is not null).Select(job => (Key: $"{stage.Name}.{job.Name}", Reason: job.Skipped!)))
            .ToDictionary(job => job.Key, job => job.Reason);
        Assert.Equal(expected.Skipped.Keys.Order(StringComparer.Ordinal), skipped.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected.Skipped, pair => Assert.Contains(pair.Value, skipped[pair.Key], StringComparison.Ordinal));
    }

    /// <summary>Every line <c>PID=number</c> of a log names a process that must not outlive its job.</summary>
    private static void AssertGone(string logs)
    {
        var numbers = logs.Split('\n').Where(line => line.StartsWith("PID=", StringComparison.Ordinal)).Select(line => line["PID=".Length..]);
        Assert.All(numbers, number => Assert.True(IsGone(number), $"Process {number} is still there."));
    }

    // A zombie runs no more: it is init's to collect, not the agent's. Its state follows the name, which is in parentheses.
    public static bool IsGone(string process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[stat.LastIndexOf(')') + 2] is 'Z' or 'X';
        }
        catch (IOException)
        {
            return true;
        }
    }

    // To the end, which may be a little after the attempt's: the log counts as complete when it is all there.
    private static async Task<string> Log(ControlClient client, AttemptView attempt, CancellationToken cancellationToken)
    {
        using var log = new MemoryStream();
        if (attempt.LeasedAt is not null)
        {
            await foreach (var chunk in client.FollowLogAsync(attempt.Id, 0, cancellationToken))
            {
                log.Write(chunk.Bytes.Span);
            }

            Assert.Equal(attempt.LogLength, log.Length);
        }

        return Encoding.UTF8.GetString(log.ToArray());
    }

    private static string Tell(Scenario scenario) => Lines(
        $"run {scenario.Run!.State} {scenario.Run.Reason}",
        scenario.Stages.Select(stage => $"stage {stage.Key} {stage.Value}"),
        scenario.Attempts.Select(pair => Tell(
            pair.Key, pair.Value.State, pair.Value.Reason, pair.Value.EffectiveExitCode, pair.Value.Cause, pair.Value.Outputs)));

    private static string Tell(RunView run, IEnumerable<AttemptView> attempts) => Lines(
        $"run {run.State} {run.Reason}",
        run.Stages.Select(stage => $"stage {stage.Name} {stage.State}"),
        attempts.Select(attempt => Tell(
            attempt.Id.LocalKey, attempt.State, attempt.Reason, attempt.ExitCode, attempt.Cause, attempt.Outputs)));

    private static string Tell(
        string key, AttemptState state, string? reason, int? exitCode, string cause, IEnumerable<KeyValuePair<string, string>> outputs) =>
        $"attempt {key} {state} {reason} exit {exitCode} by {cause} with {ContractJson.Write(outputs.ToDictionary())}";

    private static string Lines(string run, IEnumerable<string> stages, IEnumerable<string> attempts) =>
        string.Join('\n', [run, .. stages, .. attempts.Order(StringComparer.Ordinal)]);
}
