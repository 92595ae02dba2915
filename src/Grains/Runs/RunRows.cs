using Control.Engine.Runs;

namespace Control.Grains.Runs;

/// <summary>How a run lies in the store: a head, its plan once, and a row per attempt.</summary>
internal static class RunRows
{
    private const string PlanKind = "plan";
    private const string AttemptKind = "attempt";

    public static RunModel Load(RunId id, RunHead head, ImmutableArray<StoredChild> children)
    {
        var plan = children.First(child => child.Kind == PlanKind);
        var attempts = children
            .Where(child => child.Kind == AttemptKind)
            .Select(child => ContractJson.Read<AttemptRecord>(child.Document))
            .ToImmutableDictionary(attempt => attempt.Id.LocalKey);
        return new RunModel(id, ContractJson.Read<PipelineSpec>(plan.Document), head, attempts);
    }

    public static ImmutableArray<ChildChange> Save(RunChange change, PipelineSpec? plan)
    {
        var rows = change.Attempts.Select(Row);
        return plan is null
            ? [.. rows]
            : [new ChildChange("plan", PlanKind, "stored", null, null, 0, 0, ContractJson.Write(plan), null), .. rows];
    }

    public static SubjectIndex Index(RunModel model, string owner) => new(
        model.Id.Pipeline.Workspace,
        model.Id.Pipeline.ToString(),
        model.Id.Number,
        StateWords.Of(model.Head.State),
        model.Head.IsTerminal,
        model.Head.Deleted,
        ContractJson.Write(RunViews.Run(model)),
        SecretHash: null,
        model.Head.IsTerminal ? null : owner);

    private static ChildChange Row(AttemptRecord attempt) => new(
        attempt.Id.LocalKey,
        AttemptKind,
        StateWords.Of(attempt.State),
        attempt.State == AttemptState.Queued ? attempt.Pool.QueueOf(attempt.Id.Run.Pipeline.Workspace) : null,
        attempt.Agent?.Value,
        attempt.Lease,
        attempt.Id.Number,
        ContractJson.Write(attempt),
        ContractJson.Write(RunViews.Attempt(attempt)));
}
