using System.Text.Json;
using Control.Contracts.Scheduling;

namespace Control.Grains.Durable;

/// <summary>
/// A grain with a document in the store. State changes only through <see cref="CommitAsync"/>: the next state is computed,
/// committed and then assigned, so nobody ever sees what may still fail. A failed commit ends the activation, because its
/// memory may be older than the store; the next call loads afresh.
/// </summary>
/// <typeparam name="TDocument">The immutable document.</typeparam>
public abstract class DurableGrain<TDocument> : Grain
    where TDocument : class
{
    private readonly GrainFacets _facets;
    private readonly string _kind;
    private long _version;
    private DateTimeOffset? _told;

    /// <summary>A grain whose rows are of that kind.</summary>
    protected DurableGrain(GrainFacets facets, string kind)
    {
        _facets = facets;
        _kind = kind;
    }

    /// <summary>The committed document; null before the object was made.</summary>
    protected TDocument? Document { get; private set; }

    /// <summary>The committed version; 0 before the object was made.</summary>
    protected long Version => _version;

    /// <summary>The subject of this grain's rows and events.</summary>
    protected SubjectKey Subject => new(_kind, this.GetPrimaryKeyString());

    /// <summary>The time now.</summary>
    protected DateTimeOffset Now => _facets.Time.GetUtcNow();

    /// <summary>The clock.</summary>
    protected TimeProvider Time => _facets.Time;

    /// <summary>The boot id that unfinished rows carry.</summary>
    protected string Owner => _facets.Silo.BootId;

    /// <summary>The store, for loading children.</summary>
    protected CommitStore Store => _facets.Store;

    /// <summary>True when the loaded row belongs to a silo that is gone.</summary>
    protected bool IsOrphan { get; private set; }

    /// <summary>True once a commit has failed: this activation ends, and must decide nothing more.</summary>
    protected bool IsEnding { get; private set; }

    /// <inheritdoc/>
    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var stored = await _facets.Store.LoadAsync(Subject, cancellationToken);
        if (stored is null)
        {
            return;
        }

        _version = stored.Version;
        Document = ContractJson.Read<TDocument>(stored.Document);
        IsOrphan = !stored.Index.Terminal && stored.Index.Owner is { } owner && owner != Owner;
    }

    /// <summary>
    /// For grains that have something to watch: an activation may end without the grain's doing (a failed commit; on Orleans
    /// also when the silo dies that knew its place), and nobody may ever call again. The call goes to the next activation.
    /// </summary>
    /// <param name="reason">The silo's own end is left to whoever adopts its rows.</param>
    /// <param name="wake">Calls this very grain.</param>
    protected static void ComeBack(DeactivationReason reason, Func<Task> wake)
    {
        if (reason.ReasonCode != DeactivationReasonCode.ShuttingDown)
        {
            wake().Forget();
        }
    }

    /// <summary>Commits the next document and what goes with it; only then is it <see cref="Document"/>.</summary>
    /// <exception cref="Orleans.Storage.InconsistentStateException">Another activation has committed; this one ends.</exception>
    protected async Task CommitAsync(
        TDocument next,
        SubjectIndex index,
        ImmutableArray<NewEvent> events,
        ImmutableArray<ChildChange> children = default,
        DateTimeOffset? nextWake = null,
        ImmutableArray<string> removed = default)
    {
        var commit = new Commit
        {
            Subject = Subject,
            ExpectedVersion = _version,
            Document = ContractJson.Write(next),
            Index = index,
            Events = events,
            Children = children.IsDefault ? [] : children,
            RemovedChildren = removed.IsDefault ? [] : removed,
            NextWake = nextWake,
        };
        try
        {
            _version = (await _facets.Store.CommitAsync(commit)).Version;
        }
        catch
        {
            IsEnding = true;
            DeactivateOnIdle();
            throw;
        }

        Document = next;
        IsOrphan = false;
        if (nextWake is { } due && due != _told)
        {
            GrainFactory.GetGrain<ISchedulerGrain>(Scheduling.SchedulerGrain.OnlyKey).Due(due).Forget();
        }

        // Also when there is none: the scheduler may have looked meanwhile and forgotten the time that it was told.
        _told = nextWake;
    }

    /// <summary>An event of this subject whose data is a view.</summary>
    protected NewEvent Event(string type, Actor by, object view) => EventOf(type, Now, by, view);

    /// <summary>An event whose data is a view.</summary>
    protected static NewEvent EventOf(string type, DateTimeOffset at, Actor by, object view) =>
        new(type, at, by, JsonSerializer.Serialize(view, view.GetType(), ContractJson.Options));
}
