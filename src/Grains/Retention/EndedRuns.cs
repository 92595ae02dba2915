using Control.Engine.Retention;
using Control.Engine.Runs;

namespace Control.Grains.Retention;

/// <summary>Applies policies to the ended runs of a pipeline, oldest first, from projected columns.</summary>
internal sealed class EndedRuns(WorkIndex work, TimeProvider time)
{
    // Views are read whole, and some are large.
    private const int PageSize = 25;

    // Pages of runs that stay, as those kept by hand, before a turn ends.
    private const int MaxPages = 20;

    private static readonly ImmutableArray<string> Succeeded = [StateWords.Of(RunState.Succeeded)];
    private static readonly ImmutableArray<string> Ended = [.. Succeeded, StateWords.Of(RunState.Failed), StateWords.Of(RunState.Cancelled)];

    /// <summary>What a policy means for the runs from a number on, up to <paramref name="limit"/> that go.</summary>
    public async Task<RetentionPlan> Plan(PipelineId pipeline, RetentionPolicy policy, long from, int limit)
    {
        var keepFrom = policy.Keep > 0 ? await Newest(pipeline, Ended, policy.Keep) : 0;
        var plan = new RetentionPlan([], from, null, from);
        for (var pages = 0; pages < MaxPages && plan is { Next: { } next } && plan.Doomed.Length < limit; pages++)
        {
            var more = await PlanPage(pipeline, policy, keepFrom, next, limit - plan.Doomed.Length);
            plan = new RetentionPlan(
                [.. plan.Doomed, .. more.Doomed],
                more.Next,
                plan.NextDue < more.NextDue ? plan.NextDue : more.NextDue ?? plan.NextDue,
                plan.Floor == next ? more.Floor : plan.Floor);
        }

        return plan;
    }

    private async Task<RetentionPlan> PlanPage(PipelineId pipeline, RetentionPolicy policy, long keepFrom, long from, int limit)
    {
        var rows = await work.InStatesAsync(SubjectKinds.Run, pipeline.ToString(), Ended, from, PageSize);
        var page = rows.Select(Run).ToImmutableArray();
        var bounds = new RetentionBounds(keepFrom, await SucceededFrom(pipeline, policy, page));
        return RetentionPlan.Of(policy, bounds, page, page.Length < PageSize, limit, time.GetUtcNow());
    }

    // Asked only where it matters: where hardly any run succeeds, the search is long.
    private async Task<long> SucceededFrom(PipelineId pipeline, RetentionPolicy policy, ImmutableArray<EndedRun> page) =>
        policy.KeepSucceeded == 0 || !page.Any(run => run.State == RunState.Succeeded)
            ? long.MaxValue
            : await Newest(pipeline, Succeeded, policy.KeepSucceeded);

    private async Task<long> Newest(PipelineId pipeline, ImmutableArray<string> states, int n) =>
        await work.NewestAsync(SubjectKinds.Run, pipeline.ToString(), states, n) ?? 0;

    private static EndedRun Run(ListedSubject row)
    {
        var view = ContractJson.Read<EndedView>(row.View);
        return new EndedRun(RunId.Parse(row.Subject.Key), row.Version, view.State, view.CreatedAt, view.FinishedAt ?? view.CreatedAt, view.Kept is not null);
    }

    // What is needed of a run's view.
    private sealed record EndedView(RunState State, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt, Kept? Kept);
}
