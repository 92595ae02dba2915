using System.Collections.Immutable;
using Control.Contracts.Access;
using Control.Contracts.Pipelines;
using Control.Contracts.Runs;

namespace Control.Cli.Tests;

/// <summary>Views that tests share.</summary>
internal static class Samples
{
    public static readonly DateTimeOffset T0 = new(2026, 8, 1, 12, 0, 0, TimeSpan.Zero);

    public static readonly Actor Alice = new(ActorKind.Token, "t1", "alice");

    public static readonly RunId Run = RunId.Parse("shop/web/12");

    public static RunView RunIn(RunState state, params ImmutableArray<StageView> stages) => new(
        Run, state, null, null, 3, null, null, null, ImmutableSortedDictionary<string, string>.Empty,
        T0, T0, state is RunState.Succeeded or RunState.Failed or RunState.Cancelled ? T0.AddSeconds(134) : null, Alice, stages, 7, []);

    public static StageView Stage(string name, StageState state, params ImmutableArray<string> jobs) => new(
        name, state, jobs, null, null,
        state is StageState.Pending or StageState.Skipped ? null : T0,
        state is StageState.Succeeded or StageState.Failed ? T0.AddSeconds(45) : null, [], []);

    public static AttemptView Attempt(string job, AttemptState state, int number = 1, string? reason = null, int? exitCode = null, string? message = null) => new(
        new AttemptId(Run, JobKey.Parse(job), number), state, reason, message, exitCode,
        state == AttemptState.Queued ? null : "agent-1", state == AttemptState.Queued ? null : "agent-1", "stage", Alice, T0,
        state == AttemptState.Queued ? null : T0.AddSeconds(1),
        state == AttemptState.Queued ? null : T0.AddSeconds(2),
        state is AttemptState.Queued or AttemptState.Running ? null : T0.AddSeconds(42),
        null, ImmutableSortedDictionary<string, string>.Empty);

    public static PipelineView Pipeline(string name, long lastRun) => new(
        new PipelineId("shop", name), "", 1, T0, T0, Alice, lastRun, 1);

    /// <summary>A problem document.</summary>
    public static object Problem(int status, string code, string detail, string? state = null, params object[] errors) =>
        new { type = "about:blank", title = "Refused", status, code, detail, state, errors };
}
