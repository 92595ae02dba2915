using Control.Engine.Retention;
using Control.Grains.Durable;
using Control.Storage.Logs;

namespace Control.Grains.Retention;

/// <summary>
/// Deletes what a pipeline's policy does not keep, a batch per turn. One call at a time: a call that has returned knows that no
/// batch from before is under way.
/// </summary>
internal sealed partial class RetentionGrain(GrainFacets facets, WorkIndex work, LogStore logs, ILogger<RetentionGrain> log)
    : DurableGrain<RetentionDocument>(facets, SubjectKinds.Retention), IRetentionGrain
{
    // Small, since a change of the policy waits for it.
    private const int BatchSize = 10;

    // Hints of ended runs may get lost.
    private static readonly TimeSpan LookAfter = TimeSpan.FromDays(1);

    // Until a batch is known to be done, it is looked at again this often, whatever got lost.
    private static readonly TimeSpan RecheckAfter = TimeSpan.FromSeconds(30);

    private readonly EndedRuns _ended = new(work, facets.Time);
    private bool _isQueued;

    // All ended runs below are kept by hand. Hints move it back, and so does every wake.
    private long _floor;

    // Where it has come to; a turn looks at so many runs only.
    private long _at;

    private PipelineId Id => PipelineId.Parse(this.GetPrimaryKeyString());

    private RetentionDocument State => Document ?? RetentionDocument.None;

    public Task Arm() => State.IsActive && !IsOrphan && State.WakeAt <= Now + RecheckAfter
        ? Task.CompletedTask
        : Save(State with { IsActive = true, WakeAt = Now + RecheckAfter });

    public async Task Wake()
    {
        (_floor, _at) = (0, 0);
        if (IsOrphan)
        {
            await Save(State);
        }

        Queue();
    }

    public Task RunChanged(long number)
    {
        (_floor, _at) = (Math.Min(_floor, number), Math.Min(_at, number));
        return Apply();
    }

    public async Task Apply()
    {
        _isQueued = false;
        await Settle();
        if (await GrainFactory.GetGrain<IPipelineGrain>(Id.ToString()).GetRetention() is not { KeepsAll: false } policy)
        {
            await Rest();
            return;
        }

        var plan = await _ended.Plan(Id, policy, _at, BatchSize);
        if (plan.Doomed.IsEmpty)
        {
            await Sleep(plan);
        }
        else if (await Delete(plan.Doomed, Actor.Retention, isActive: true) is { IsEmpty: false } gone)
        {
            GoOn(gone).Forget();
        }
    }

    public async Task<Outcome<PruneResult>> Prune(PruneRuns command)
    {
        await Settle();
        var policy = command.Policy ?? await GrainFactory.GetGrain<IPipelineGrain>(Id.ToString()).GetRetention();
        if (policy is not { KeepsAll: false })
        {
            return Refusal.Conflict(
                "no-retention", $"Neither the pipeline {Id} nor its workspace has a retention policy. Say what to keep, or set one.", "none");
        }

        var plan = await _ended.Plan(Id, policy, command.From, Math.Clamp(command.Limit, 1, PruneRuns.MostRuns));
        var runs = command.DryRun ? await Tell(plan.Doomed) : await Prune(plan.Doomed, command.By);
        return new PruneResult(runs, plan.Next, policy, command.DryRun);
    }

    private async Task<ImmutableArray<PrunedRun>> Tell(ImmutableArray<DoomedRun> doomed)
    {
        var told = ImmutableArray.CreateBuilder<PrunedRun>(doomed.Length);
        foreach (var (run, rule) in doomed)
        {
            told.Add(new PrunedRun(run.Id, run.State, run.FinishedAt, rule, await logs.LengthAsync(run.Id)));
        }

        return told.DrainToImmutable();
    }

    private async Task<ImmutableArray<PrunedRun>> Prune(ImmutableArray<DoomedRun> doomed, Actor by)
    {
        if (doomed.IsEmpty)
        {
            return [];
        }

        var gone = await Delete(doomed, by, State.IsActive);
        return [.. doomed.Where(one => gone.Contains(one.Run.Id.Number)).Select(one => new PrunedRun(one.Run.Id, one.Run.State, one.Run.FinishedAt, one.Rule, 0))];
    }

    // Recorded first: should this die on the way, the next activation tells which of them are gone.
    private async Task<ImmutableArray<long>> Delete(ImmutableArray<DoomedRun> doomed, Actor by, bool isActive)
    {
        var marks = doomed.Select(one => new PruneMark(one.Run.Id.Number, one.Rule)).ToImmutableArray();
        await Save(State with { IsActive = isActive, WakeAt = Now + RecheckAfter, Batch = new PruneBatch(marks, by) });
        foreach (var some in doomed.Chunk(BatchSize))
        {
            await Task.WhenAll(some.Select(one => Expire(one.Run, by)));
        }

        return await Settle();
    }

    // One that fails or is refused, as when somebody runs it again just now, is looked at again with the next batch.
    private async Task Expire(EndedRun run, Actor by)
    {
        try
        {
            await GrainFactory.GetGrain<IRunGrain>(run.Id.ToString()).Expire(new ExpireRun(run.Version, by));
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogExpireFailed(run.Id, fault);
        }
    }

    /// <summary>Records which runs of the batch are gone, and forgets it.</summary>
    private async Task<ImmutableArray<long>> Settle()
    {
        if (State.Batch is not { } batch)
        {
            return [];
        }

        var keys = await work.DeletedAsync(SubjectKinds.Run, batch.Runs.Select(mark => new RunId(Id, mark.Number).ToString()));
        var gone = keys.Select(key => RunId.Parse(key).Number).Order().ToImmutableArray();
        var next = State with { Batch = null, Deleted = State.Deleted + gone.Length, LastDeletedAt = gone.IsEmpty ? State.LastDeletedAt : Now };
        await Save(next, gone.IsEmpty ? [] : [Event(EventTypes.RunsPruned, batch.By, Told(batch, gone))]);
        return gone;
    }

    private static RunsPruned Told(PruneBatch batch, ImmutableArray<long> gone)
    {
        var rules = batch.Runs.Where(mark => gone.Contains(mark.Number)).ToLookup(mark => mark.Rule);
        return new RunsPruned(rules[PruneRule.Keep].Count(), rules[PruneRule.Age].Count(), gone);
    }

    // The next batch comes once the rows and logs of this one are gone, so that they never pile up.
    private async Task GoOn(ImmutableArray<long> gone)
    {
        await Task.WhenAll(gone.Select(number => GrainFactory.GetGrain<IRunGrain>(new RunId(Id, number).ToString()).Wake()));
        Queue();
    }

    private void Queue()
    {
        if (!_isQueued)
        {
            _isQueued = true;
            GrainFactory.GetGrain<IRetentionGrain>(Id.ToString()).Apply().Forget();
        }
    }

    // A run that ends by a policy without anything to delete costs no commit.
    private async Task Sleep(RetentionPlan plan)
    {
        _floor = _at == _floor ? plan.Floor : _floor;
        _at = plan.Next ?? _floor;
        if (plan.Next is not null)
        {
            Queue();
            return;
        }

        var wake = Now + LookAfter;
        wake = plan.NextDue < wake ? plan.NextDue.Value : wake;
        if (!State.IsActive || IsOrphan || State.WakeAt is not { } known || known <= Now || wake < known)
        {
            await Save(State with { IsActive = true, WakeAt = wake });
        }
    }

    // Not before its time: the policy that it was armed for may be on its way.
    private Task Rest() => State.WakeAt <= Now ? Save(State with { IsActive = false, WakeAt = null }) : Task.CompletedTask;

    private Task Save(RetentionDocument next, params ImmutableArray<NewEvent> events) =>
        CommitAsync(next, Index(next), events, default, next.WakeAt);

    private SubjectIndex Index(RetentionDocument document)
    {
        var isOver = !document.IsActive && document.Batch is null;
        var view = new RetentionView(Id, document.Deleted, document.LastDeletedAt);
        return new SubjectIndex(
            Id.Workspace, Id.ToString(), 0, document.IsActive ? "active" : "idle", isOver, Deleted: false, ContractJson.Write(view), null, isOver ? null : Owner);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Run {Run} should go by its retention policy and cannot be deleted; it is tried again")]
    private partial void LogExpireFailed(RunId run, Exception fault);
}
