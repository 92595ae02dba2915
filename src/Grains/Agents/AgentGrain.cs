using Control.Engine.Runs;
using Control.Grains.Durable;

namespace Control.Grains.Agents;

/// <summary>
/// A build agent: its record, its liveness and its orders. Reentrant, because a poll is parked in it while everything else
/// goes on. Renewals stay in memory; only changes of state are committed. A fresh activation starts a full grace period, so
/// an outage of the server never loses a running job.
/// </summary>
[Reentrant]
internal sealed partial class AgentGrain : DurableGrain<AgentDocument>, IAgentGrain
{
    private readonly AgentTimings _timings;
    private readonly WorkIndex _work;
    private readonly ILogger<AgentGrain> _log;
    private readonly LeaseBook _leases;
    private readonly HashSet<PoolKey> _pools = [];
    private readonly Mailbox<AgentChange> _mailbox;
    private TaskCompletionSource? _parked;
    private HashSet<LeaseRef> _holding = [];
    private long _sequence = -1;
    private int _free;
    private int _offered;
    private long _lastHeard;
    private IGrainTimer? _watch;

    public AgentGrain(GrainFacets facets, WorkIndex work, AgentTimings timings, ILogger<AgentGrain> log)
        : base(facets, SubjectKinds.Agent)
    {
        _work = work;
        _timings = timings;
        _log = log;
        _leases = new LeaseBook(timings);
        _mailbox = new Mailbox<AgentChange>(() => new AgentChange(Document), Commit);
    }

    private AgentId Id => new(this.GetPrimaryKeyString());

    private TimeSpan Silence => Time.GetElapsedTime(_lastHeard);

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        _lastHeard = Time.GetTimestamp();
        if (Document is null or { State: AgentState.Removed })
        {
            return;
        }

        foreach (var hold in await _work.HeldByAsync(Id.Value, cancellationToken))
        {
            var attempt = ContractJson.Read<AttemptRecord>(hold.Document);
            _leases.Track(attempt.LeaseRef, TimeSpan.FromSeconds(attempt.LostAfterSeconds), attempt.State == AttemptState.Stopping);
        }

        if (IsOrphan)
        {
            await Change(document => document);
        }

        Watch();
    }

    public async Task<Outcome<AgentView>> Register(RegisterAgent command)
    {
        if (Document is { } known)
        {
            return known.CredentialHash == command.CredentialHash
                ? AgentRows.View(Id, known)
                : Refusal.Conflict("agent-exists", $"The agent {Id} is registered already.", StateWords.Of(known.State));
        }

        var document = new AgentDocument(
            command.Name, command.Labels, command.Capacity, command.SoftwareVersion, Now, command.CredentialHash,
            AgentState.Unknown, null, Now, 0);
        await Change(_ => document, command.By);
        return AgentRows.View(Id, document);
    }

    public async Task<bool> Reserve(AttemptId attempt)
    {
        await Task.CompletedTask;
        if (Document is not { State: AgentState.Online } || _free - _leases.Claimed(_holding, Now) <= 0 || Silence >= _timings.SuspectAfter)
        {
            return false;
        }

        _leases.Reserve(attempt, Now);
        return true;
    }

    public Task Unreserve(AttemptId attempt)
    {
        _leases.Unreserve(attempt);
        return OfferSlots();
    }

    public Task Deliver(Assignment assignment)
    {
        _leases.Deliver(assignment);
        _parked?.TrySetResult();
        return Task.CompletedTask;
    }

    public Task Stop(LeaseRef lease)
    {
        _leases.Track(lease, _timings.OfflineAfter, stopping: true);
        _leases.WantStop(lease);
        _parked?.TrySetResult();
        return Task.CompletedTask;
    }

    public Task Release(LeaseRef lease)
    {
        _leases.Remove(lease);
        return Task.CompletedTask;
    }

    public Task PoolHasWork(PoolKey pool)
    {
        _pools.Add(pool);
        return OfferTo(pool);
    }

    public async Task<Outcome<Done>> Remove(Actor by)
    {
        if (Document is null or { State: AgentState.Removed })
        {
            return Refusal.NotFound($"The agent {Id}");
        }

        await Change(document => document with { State = AgentState.Removed, LastSeenAt = Now }, by);
        await Lose(_leases.Leases.ToList(), Reasons.AgentLost);
        _parked?.TrySetResult();
        return Done.Instance;
    }

    public Task Wake() => CheckSilence();

    private async Task CheckSilence()
    {
        if (Document is null || Document.IsGone)
        {
            return;
        }

        var silence = Silence;
        await Lose(_leases.LostAfter(silence), Reasons.AgentLost);
        if (silence >= _timings.OfflineAfter && _leases.Count == 0)
        {
            await SetState(AgentState.Offline);
        }
        else if (silence >= _timings.SuspectAfter)
        {
            await SetState(AgentState.Suspect);
        }

        Watch();
    }

    private async Task Lose(List<LeaseRef> leases, string reason)
    {
        foreach (var lease in leases)
        {
            LogLost(Id, lease.Attempt, reason);
            await GrainFactory.GetGrain<IRunGrain>(lease.Attempt.Run.ToString()).AttemptLost(lease, reason);
            _leases.Remove(lease);
        }
    }

    // One timer, armed for the next moment at which silence would mean something; it keeps the grain alive until the agent
    // counts as offline.
    private void Watch()
    {
        if (Document is null || Document.IsGone)
        {
            _watch?.Dispose();
            _watch = null;
            return;
        }

        TimeSpan?[] limits = [_timings.SuspectAfter, _timings.OfflineAfter, _leases.ShortestLostAfter];
        var silence = Silence;
        var due = limits.Where(limit => limit > silence).Min() is { } next ? next - silence : TimeSpan.FromSeconds(1);
        _watch ??= this.RegisterGrainTimer(
            _ => CheckSilence(),
            new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { KeepAlive = true, Interleave = true });
        _watch.Change(due, Timeout.InfiniteTimeSpan);
    }

    private Task SetState(AgentState state) => Document?.State == state
        ? Task.CompletedTask
        : Change(document => document with { State = state, LastSeenAt = state == AgentState.Online ? Now : document.LastSeenAt });

    private Task Change(Func<AgentDocument, AgentDocument> change, Actor? by = null) => _mailbox.Post(batch =>
    {
        batch.Apply(change, by ?? Actor.System);
        return Done.Instance;
    });

    private Task Commit(AgentChange change)
    {
        var next = change.Next! with { Running = _leases.Count };
        var view = AgentRows.View(Id, next);
        return CommitAsync(next, AgentRows.Index(Id, next, view, Owner), [Event(EventTypes.ObjectChanged, change.By, view)]);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Agent {Agent} lost attempt {Attempt}: {Reason}")]
    private partial void LogLost(AgentId agent, AttemptId attempt, string reason);

    [LoggerMessage(Level = LogLevel.Information, Message = "Agent {Agent} speaks with boot id {BootId}")]
    private partial void LogBoot(AgentId agent, string bootId);
}
