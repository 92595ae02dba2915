using Control.Contracts.Workspaces;
using Control.Grains.Durable;

namespace Control.Grains.Workspaces;

/// <summary>A workspace with its secrets and the names of its pipelines.</summary>
internal sealed class WorkspaceGrain(GrainFacets facets, WorkIndex work)
    : DurableGrain<WorkspaceDocument>(facets, SubjectKinds.Workspace), IWorkspaceGrain
{
    private const int MaxPipelines = 1_000;

    private string Name => this.GetPrimaryKeyString();

    private WorkspaceDocument? Live => Document is { Deleted: false } document ? document : null;

    public async Task<Outcome<WorkspaceView>> Create(CreateWorkspace command)
    {
        if (Live is not null)
        {
            return Refusal.Conflict("workspace-exists", $"The workspace '{Name}' exists already.", "active");
        }

        var document = new WorkspaceDocument(command.Description, Now, command.By, [], [], Deleted: false);
        await Save(document, command.By);
        return View(document);
    }

    public async Task<Outcome<WorkspaceView>> Update(UpdateWorkspace command)
    {
        if (Live is not { } document)
        {
            return NotFound();
        }

        if (command.ExpectedVersion is { } expected && expected != Version)
        {
            return Refusal.VersionMismatch(Version);
        }

        var next = document with { Description = command.Description };
        await Save(next, command.By);
        return View(next);
    }

    public async Task<Outcome<WorkspaceView>> SetLimits(SetLimits command)
    {
        if (Live is not { } document)
        {
            return NotFound();
        }

        var next = document with { Limits = command.Limits };
        await Save(next, command.By);
        // Runs that wait already came with the limit of then; without one they may all go on.
        var running = command.Limits.RunningRuns;
        await GrainFactory.GetGrain<IGroupGrain>(GroupId.RunsOf(Name).ToString()).SetLimit(running > 0 ? running : WorkspaceLimits.MostRunning);
        return View(next);
    }

    public Task<WorkspaceLimits> GetLimits() => Task.FromResult(Live?.Limits ?? WorkspaceLimits.None);

    public async Task<Outcome<WorkspaceView>> SetRetention(SetRetention command)
    {
        if (Live is not { } document)
        {
            return NotFound();
        }

        // Before the commit, so that all of them find the policy whatever dies behind it.
        await EachRetention(retention => command.Policy is null ? Task.CompletedTask : retention.Arm());
        var next = document with { Retention = command.Policy };
        await Save(next, command.By);
        await EachRetention(retention => retention.Wake());
        return View(next);

        Task EachRetention(Func<IRetentionGrain, Task> call) =>
            Task.WhenAll(document.Pipelines.Select(name => call(GrainFactory.GetGrain<IRetentionGrain>(new PipelineId(Name, name).ToString()))));
    }

    public Task<RetentionPolicy?> GetRetention() => Task.FromResult(Live?.Retention);

    public async Task<Outcome<WorkspaceView>> Hold(SetHold command)
    {
        if (Live is not { } document)
        {
            return NotFound();
        }

        var next = document with { Hold = command.Held ? new Hold(command.Reason, command.By, Now) : null };
        await Save(next, command.By);
        // What waits already is held, or goes on, at once; pools that have nothing of it look within 5 s.
        var queues = await work.QueuesAsync();
        var pools = queues.Select(PoolKey.OfQueue).Distinct().Where(pool => queues.Contains(pool.QueueOf(Name)));
        await Task.WhenAll(pools.Select(pool => GrainFactory.GetGrain<IPoolGrain>(pool.Value).Wake()));
        return View(next);
    }

    public async Task<Outcome<Done>> Delete(Actor by)
    {
        if (Live is not { } document)
        {
            return NotFound();
        }

        if (!document.Pipelines.IsEmpty)
        {
            return Refusal.Conflict(
                "workspace-not-empty",
                $"The workspace '{Name}' still has {document.Pipelines.Count} pipeline(s), such as '{document.Pipelines[0]}'. Delete them first.",
                "active");
        }

        var secrets = document.Secrets.Select(SecretRows.Deleted).ToImmutableArray();
        var next = document with { Deleted = true, Secrets = [] };
        await CommitAsync(next, Index(next), [Event(EventTypes.ObjectDeleted, by, Done.Instance)], secrets);
        return Done.Instance;
    }

    public async Task<Outcome<SecretView>> PutSecret(PutSecret command)
    {
        if (Live is not { } document)
        {
            return NotFound();
        }

        var secret = command.Secret;
        if (SecretRows.Check(secret, document.Secrets, "A workspace") is { } refusal)
        {
            return refusal;
        }

        var view = new SecretView(secret.Name, secret.Kind, Now, command.By);
        await Save(document with { Secrets = document.Secrets.Add(secret.Name) }, command.By, SecretRows.Put(secret.Name, secret, view));
        return view;
    }

    public async Task<Outcome<Done>> DeleteSecret(string name, Actor by)
    {
        if (Live is not { } document || !document.Secrets.Contains(name))
        {
            return Refusal.NotFound($"The secret '{name}'");
        }

        await Save(document with { Secrets = document.Secrets.Remove(name) }, by, SecretRows.Deleted(name));
        return Done.Instance;
    }

    public Task<ImmutableArray<SealedSecret>> GetSecrets(ImmutableArray<string> names) =>
        SecretRows.LoadAsync(Store, Subject, names.Where(name => Live?.Secrets.Contains(name) == true));

    public async Task<Outcome<Done>> AddPipeline(string pipeline)
    {
        if (Live is not { } document)
        {
            return NotFound();
        }

        if (document.Pipelines.Contains(pipeline))
        {
            return Done.Instance;
        }

        if (document.Pipelines.Count >= MaxPipelines)
        {
            return Refusal.Limit("too-many-pipelines", $"A workspace holds at most {MaxPipelines} pipelines.");
        }

        await Save(document with { Pipelines = document.Pipelines.Add(pipeline) }, Actor.System);
        return Done.Instance;
    }

    public async Task<Outcome<Done>> RemovePipeline(string pipeline)
    {
        if (Live is { } document && document.Pipelines.Contains(pipeline))
        {
            await Save(document with { Pipelines = document.Pipelines.Remove(pipeline) }, Actor.System);
        }

        return Done.Instance;
    }

    private Task Save(WorkspaceDocument next, Actor by, params ImmutableArray<ChildChange> children) =>
        CommitAsync(next, Index(next), [Event(EventTypes.ObjectChanged, by, View(next, Version + 1))], children);

    private SubjectIndex Index(WorkspaceDocument document) => new(
        Name,
        Parent: "",
        document.CreatedAt.ToUnixTimeMilliseconds(),
        document.Deleted ? ChildStates.Deleted : document.Hold is null ? "active" : "held",
        Terminal: document.Deleted,
        document.Deleted,
        ContractJson.Write(View(document, Version + 1)));

    private WorkspaceView View(WorkspaceDocument document, long? version = null) =>
        new(Name, document.Description, document.CreatedAt, document.CreatedBy, version ?? Version, document.Limits, document.Hold, document.Retention);

    private Refusal NotFound() => Refusal.NotFound($"The workspace '{Name}'");
}
