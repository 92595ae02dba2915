using System.Globalization;
using Control.Contracts.Workspaces;
using Control.Engine.Pipelines;
using Control.Grains.Durable;

namespace Control.Grains.Pipelines;

/// <summary>
/// A pipeline: definitions by number, and the numbering of its runs. A start is committed with its number before the run is
/// made; if the process dies in between, the next activation makes the run.
/// </summary>
internal sealed partial class PipelineGrain(GrainFacets facets, WorkIndex work, ILogger<PipelineGrain> log)
    : DurableGrain<PipelineDocument>(facets, SubjectKinds.Pipeline), IPipelineGrain
{
    // How many starts are remembered for repeats that outlive the gateway's own memory of idempotency keys.
    private const int RememberedStarts = 100;
    private const int MaxOperationId = 128;

    // A run that was accepted but could not be made, such as on a full disk, is tried again this often.
    private static readonly TimeSpan RetryEvery = TimeSpan.FromSeconds(5);

    private readonly HashSet<long> _made = [];
    private readonly Dictionary<long, Task> _making = [];
    private PipelineSpec? _spec;
    private IGrainTimer? _retry;

    private PipelineId Id => PipelineId.Parse(this.GetPrimaryKeyString());

    private IEnumerable<StartRecord> Unmade =>
        Document?.Starts.Where(start => start.Pending is not null && !_made.Contains(start.Number)) ?? [];

    private PipelineDocument? Live => Document is { Deleted: false } document ? document : null;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        foreach (var start in Unmade.ToList())
        {
            try
            {
                await MakeRun(start);
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                // The pipeline must go on working; it is tried again with the next activation or when the start is repeated.
                LogMakeFailed(Id, start.Number, fault);
            }
        }

        if (IsOrphan && !Unmade.Any())
        {
            var made = Document! with { Starts = Remember(Document.Starts) };
            await CommitAsync(made, Index(made), []);
            ForgetMade();
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (Unmade.Any())
        {
            ComeBack(reason, GrainFactory.GetGrain<IPipelineGrain>(Id.ToString()).Wake);
        }

        return Task.CompletedTask;
    }

    public async Task<Outcome<PipelineView>> Put(PutPipeline command)
    {
        if (CheckPut(command) is { } refusal)
        {
            return refusal;
        }

        var parsed = PipelineParser.Parse(command.Text);
        if (parsed.Spec is not { } spec)
        {
            return Refusal.BadRequest("invalid-pipeline", $"The definition has {parsed.Errors.Length} error(s).", parsed.Errors);
        }

        var added = await GrainFactory.GetGrain<IWorkspaceGrain>(Id.Workspace).AddPipeline(Id.Name);
        if (!added.Granted)
        {
            return added.Refusal;
        }

        var next = Next(spec, command.By);
        var definition = new PipelineDefinition(next.DefinitionVersion, command.Text, spec, Now, command.By);
        await WithTriggers(next.HasTriggers, () => WithRetention(next.Retention, async () =>
        {
            await Save(next, command.By, DefinitionRow(definition));
            _spec = spec;
        }));
        return View(next, Version);
    }

    public Task Wake() => Task.WhenAll(Unmade.ToList().Select(MakeRun));

    public async Task<Outcome<Done>> Delete(long? expectedVersion, Actor by)
    {
        if (Live is not { } document)
        {
            // A deletion, or a creation, may have died half way: the workspace must not go on counting it.
            await GrainFactory.GetGrain<IWorkspaceGrain>(Id.Workspace).RemovePipeline(Id.Name);
            return NotFound();
        }

        if (expectedVersion is { } expected && expected != Version)
        {
            return Refusal.VersionMismatch(Version);
        }

        await Wake();
        if (await work.HasUnfinishedAsync(SubjectKinds.Run, Id.ToString(), CancellationToken.None))
        {
            return Refusal.Conflict("pipeline-has-runs", $"The pipeline {Id} has runs that are not finished. Cancel them or wait.", "running");
        }

        var next = document with { Deleted = true, Secrets = null };
        ImmutableArray<ChildChange> secrets = [.. (document.Secrets ?? []).Select(DeletedSecret)];
        await WithTriggers(next: false, () => CommitAsync(next, Index(next), [Event(EventTypes.ObjectDeleted, by, Done.Instance)], secrets));
        await GrainFactory.GetGrain<IWorkspaceGrain>(Id.Workspace).RemovePipeline(Id.Name);
        return Done.Instance;
    }

    // Numbers are given one after the other, in a turn of Accept each; that the runs are made is waited for outside of turns, or
    // the commits of two grains would stand between one start and the next.
    public async Task<Outcome<RunStarted>> Start(StartRun command)
    {
        var accepted = await GrainFactory.GetGrain<IPipelineGrain>(Id.ToString()).Accept(command);
        if (accepted.Granted)
        {
            await Made(accepted.Value.Run.Number);
        }

        return accepted;
    }

    public async Task<Outcome<RunStarted>> Accept(StartRun command)
    {
        if (Live is not { } document)
        {
            return NotFound();
        }

        if (document.Starts.FirstOrDefault(start => start.OperationId == command.OperationId) is { } known)
        {
            return new RunStarted(new RunId(Id, known.Number), Repeated: true);
        }

        var spec = await Spec(document.DefinitionVersion);
        var (parameters, errors) = ParameterBinder.Bind(spec.Parameters, command.Parameters);
        errors = [.. errors, .. StartChecks.Of(spec, command, MaxOperationId)];
        if (!errors.IsEmpty)
        {
            return Refusal.BadRequest("bad-start", $"The pipeline {Id} cannot be started like this.", errors);
        }

        var limits = await GrainFactory.GetGrain<IWorkspaceGrain>(Id.Workspace).GetLimits();
        if (await WhyNotQueue(limits) is { } refusal)
        {
            return refusal;
        }

        var pending = new PendingRun(
            document.DefinitionVersion, parameters, command.Ref ?? spec.Source?.Ref, Now, command.By, command.TraceParent, limits);
        var start = new StartRecord(command.OperationId, document.LastRun + 1, pending);
        await Save(document with { LastRun = start.Number, Starts = Remember(document.Starts.Add(start)) }, command.By);
        ForgetMade();
        MakeRun(start).Forget();
        return new RunStarted(new RunId(Id, start.Number), Repeated: false);
    }

    // Asked first, so that the start is refused instead of a run that only fails; the group itself has the last word.
    private async Task<Refusal?> WhyNotQueue(WorkspaceLimits limits)
    {
        if (limits.RunningRuns == 0)
        {
            return null;
        }

        var most = limits.QueuedRuns > 0 ? limits.QueuedRuns : WorkspaceLimits.MostQueued;
        return await GrainFactory.GetGrain<IGroupGrain>(GroupId.RunsOf(Id.Workspace).ToString()).CountWaiting() >= most
            ? Refusal.Limit("queue-full", $"{most} runs of the workspace '{Id.Workspace}' wait already, and no more may. Try again later, or cancel some.")
            : null;
    }

    // The activation that gave the number may have ended since; then the next one knows.
    private Task Made(long number) => Document?.Starts.FirstOrDefault(start => start.Number == number) is not { } start
        ? GrainFactory.GetGrain<IPipelineGrain>(Id.ToString()).Wake()
        : start.Pending is null || _made.Contains(number) ? Task.CompletedTask : MakeRun(start);

    private Task MakeRun(StartRecord start)
    {
        if (_making.TryGetValue(start.Number, out var making))
        {
            return making;
        }

        making = Make(start);
        if (!making.IsCompleted)
        {
            _making.Add(start.Number, making);
        }

        return making;
    }

    private async Task Make(StartRecord start)
    {
        var pending = start.Pending!;
        var command = new CreateRun(
            pending.DefinitionVersion,
            await Spec(pending.DefinitionVersion),
            pending.Parameters,
            pending.Ref,
            pending.At,
            pending.By,
            pending.TraceParent,
            pending.Limits);
        try
        {
            await GrainFactory.GetGrain<IRunGrain>(new RunId(Id, start.Number).ToString()).Create(command);
            _made.Add(start.Number);
        }
        catch
        {
            _retry ??= this.RegisterGrainTimer(Retry, new GrainTimerCreationOptions(RetryEvery, RetryEvery) { KeepAlive = true });
            throw;
        }
        finally
        {
            _making.Remove(start.Number);
        }
    }

    private async Task Retry(CancellationToken cancellationToken)
    {
        await Wake();
        _retry?.Dispose();
        _retry = null;
    }

    // Starts whose runs are made are noted as such with the next commit, which costs nothing extra.
    private ImmutableArray<StartRecord> Remember(ImmutableArray<StartRecord> starts)
    {
        var noted = starts.Select(known => _made.Contains(known.Number) ? known with { Pending = null } : known).ToList();
        return [.. noted.Where((record, i) => record.Pending is not null || i >= noted.Count - RememberedStarts)];
    }

    // Only once that is committed: until then they still count as pending.
    private void ForgetMade() =>
        _made.IntersectWith(Document!.Starts.Where(start => start.Pending is not null).Select(start => start.Number).ToHashSet());

    private Refusal? CheckPut(PutPipeline command)
    {
        if (command.CreateOnly && Live is not null)
        {
            return Refusal.VersionMismatch(Version);
        }

        return command.ExpectedVersion is { } expected && (Live is null || expected != Version) ? Refusal.VersionMismatch(Version) : null;
    }

    private PipelineDocument Next(PipelineSpec spec, Actor by) => Document is { } document
        ? document with
        {
            Description = spec.Description,
            DefinitionVersion = document.DefinitionVersion + 1,
            Retention = spec.Retention,
            HasTriggers = !spec.Triggers.IsEmpty,
            CreatedAt = document.Deleted ? Now : document.CreatedAt,
            UpdatedAt = Now,
            UpdatedBy = by,
            Deleted = false,
        }
        : new PipelineDocument(spec.Description, 1, Now, Now, by, 0, [], Deleted: false, Retention: spec.Retention, HasTriggers: !spec.Triggers.IsEmpty);

    private async Task<PipelineSpec> Spec(long definitionVersion)
    {
        if (definitionVersion == Document!.DefinitionVersion && _spec is not null)
        {
            return _spec;
        }

        var row = await Store.LoadChildAsync(Subject, DefinitionKey(definitionVersion))
            ?? throw new ControlException("definition-missing", $"Definition {definitionVersion} of {Id} is not in the store.");
        var spec = ContractJson.Read<PipelineDefinition>(row.Document).Spec;
        if (definitionVersion == Document.DefinitionVersion)
        {
            _spec = spec;
        }

        return spec;
    }

    private Task Save(PipelineDocument next, Actor by, params ImmutableArray<ChildChange> children) =>
        CommitAsync(next, Index(next), [Event(EventTypes.ObjectChanged, by, View(next, Version + 1))], children);

    private SubjectIndex Index(PipelineDocument document) => new(
        Id.Workspace,
        Parent: Id.Workspace,
        document.CreatedAt.ToUnixTimeMilliseconds(),
        document.Deleted ? "deleted" : "active",
        Terminal: document.Deleted,
        document.Deleted,
        ContractJson.Write(View(document, Version + 1)),
        SecretHash: null,
        // A start whose run may not be made yet needs an owner: should this silo die, the pipeline is adopted and makes it.
        document.Starts.Any(start => start.Pending is not null) ? Owner : null);

    private PipelineView View(PipelineDocument document, long version) => new(
        Id, document.Description, document.DefinitionVersion, document.CreatedAt, document.UpdatedAt, document.UpdatedBy, document.LastRun, version,
        document.Retention);

    [LoggerMessage(Level = LogLevel.Error, Message = "Run {Number} of {Pipeline} was accepted but cannot be made")]
    private partial void LogMakeFailed(PipelineId pipeline, long number, Exception fault);

    private Refusal NotFound() => Refusal.NotFound($"The pipeline {Id}");

    private static string DefinitionKey(long number) => number.ToString("D10", CultureInfo.InvariantCulture);

    private static ChildChange DefinitionRow(PipelineDefinition definition) => new(
        DefinitionKey(definition.Number), "definition", "stored", null, null, 0, definition.Number, ContractJson.Write(definition),
        ContractJson.Write(new { definition.Number, definition.At, definition.By }));
}
