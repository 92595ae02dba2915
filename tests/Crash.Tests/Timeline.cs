using System.Text;
using Control.Cli.Client;
using Control.Contracts;
using Control.Contracts.Events;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Crash.Tests;

/// <summary>What tests do with runs.</summary>
internal static class Timeline
{
    private static readonly Dictionary<string, string> None = [];

    public static async Task<PipelineId> Define(this Site site, string name, string definition)
    {
        var pipeline = new PipelineId("crash", name);
        await site.Client.PutPipelineAsync(pipeline, definition, null, createOnly: true, CancellationToken.None);
        return pipeline;
    }

    public static async Task<RunId> StartRun(this Site site, PipelineId pipeline) =>
        (await site.Client.StartRunAsync(pipeline, None, null, CancellationToken.None)).Value.Id;

    /// <summary>The attempt once it is in a state; events before that are waited through.</summary>
    public static async Task<AttemptView> Attempt(this Site site, RunId run, string key, AttemptState state, CancellationToken limit)
    {
        await foreach (var item in site.Client.WatchRunAsync(run, 0, limit))
        {
            if (item.AttemptIn(key, state) is { } attempt)
            {
                return attempt;
            }
        }

        throw new InvalidOperationException($"{key} never was {state}:\n{await site.Tell(run)}");
    }

    public static AttemptView? AttemptIn(this EventView item, string key, AttemptState state) =>
        item.Type == EventTypes.AttemptChanged
        && ContractJson.Read<AttemptView>(item.Data) is var attempt
        && attempt.Id.LocalKey == key
        && attempt.State == state
            ? attempt
            : null;

    /// <summary>The events up to the run's end.</summary>
    public static async Task<List<EventView>> End(this Site site, RunId run, CancellationToken limit)
    {
        var events = new List<EventView>();
        await foreach (var item in site.Client.WatchRunAsync(run, 0, limit))
        {
            events.Add(item);
        }

        return events;
    }

    /// <summary>What an attempt has logged once that has a text.</summary>
    public static async Task<string> LogUntil(this Site site, AttemptId attempt, string text, CancellationToken limit)
    {
        var log = new StringBuilder();
        await foreach (var chunk in site.Client.FollowLogAsync(attempt, 0, limit))
        {
            if (log.Append(Encoding.UTF8.GetString(chunk.Bytes.Span)).ToString().Contains(text, StringComparison.Ordinal))
            {
                return log.ToString();
            }
        }

        throw new InvalidOperationException($"The log of {attempt} ended without '{text}':\n{log}");
    }

    /// <summary>The complete log, byte for byte.</summary>
    public static async Task<byte[]> Log(this Site site, AttemptId attempt, CancellationToken limit)
    {
        using var log = new MemoryStream();
        await foreach (var chunk in site.Client.FollowLogAsync(attempt, 0, limit))
        {
            log.Write(chunk.Bytes.Span);
        }

        return log.ToArray();
    }

    /// <summary>What there is of a log now, complete or not.</summary>
    public static async Task<byte[]> StoredLog(this Site site, AttemptId attempt, CancellationToken limit)
    {
        using var log = new MemoryStream();
        await foreach (var chunk in site.Client.ReadLogAsync(attempt, 0, limit))
        {
            log.Write(chunk.Bytes.Span);
        }

        return log.ToArray();
    }

    /// <summary>The numbers behind <c>PID=</c> in a log.</summary>
    public static IReadOnlyList<string> Processes(string log) =>
        [.. log.Split('\n').Where(line => line.StartsWith("PID=", StringComparison.Ordinal)).Select(line => line["PID=".Length..])];

    /// <summary>The outcome in words: what must be the same whatever was killed.</summary>
    public static async Task<string> Tell(this Site site, RunId id)
    {
        var run = (await site.Client.GetRunAsync(id, CancellationToken.None)).Value;
        var attempts = await site.Client.GetAttemptsAsync(id, CancellationToken.None);
        return string.Join('\n', [
            $"run {run.State} {run.Reason}",
            .. run.Stages.Select(stage => $"stage {stage.Name} {stage.State} {stage.Decision?.Approved}"),
            .. attempts.OrderBy(attempt => attempt.Id.LocalKey, StringComparer.Ordinal).Select(attempt =>
                $"attempt {attempt.Id.LocalKey} {attempt.State} {attempt.Reason} exit {attempt.ExitCode} by {attempt.Cause} with {ContractJson.Write(attempt.Outputs)}")]);
    }
}
