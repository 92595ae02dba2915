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
    private PipelineSpec? _spec;

    private PipelineId Id => PipelineId.Parse(this.GetPrimaryKeyString());

    private PipelineDocument? Live => Document is { Deleted: false } document ? document : null;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        await Task.WhenAll(Unmade.ToList().Select(MakeOrLog));
        if (IsOrphan && !Unmade.Any())
        {
            var made = Document! with { Starts = Remember(Document.Starts) };
            await CommitAsync(made, Index(made), []);
            ForgetMade();
        }
    }

    private async Task MakeOrLog(StartRecord start)
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
        using var turn = await TurnAsync();
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

    public async Task<Outcome<Done>> Delete(long? expectedVersion, Actor by)
    {
        using var turn = await TurnAsync();
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
