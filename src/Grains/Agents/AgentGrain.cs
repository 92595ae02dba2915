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
    // How soon after its removal a removed agent's rows are looked at: later than any lease that was being committed then.
    private static readonly TimeSpan SettleAfter = TimeSpan.FromMinutes(1);

    // The watch ticks at least this often, which is what keeps the idle collector away from the leases of long jobs.
    private static readonly TimeSpan LongestWatch = TimeSpan.FromMinutes(1);

    private readonly AgentTimings _timings;
    private readonly WorkIndex _work;
    private readonly CancellationToken _stopping;
    private readonly ILogger<AgentGrain> _log;
    private readonly LeaseBook _leases;
    private readonly Mailbox<AgentChange> _mailbox;
    private long _lastHeard;
    private IGrainTimer? _watch;

    public AgentGrain(GrainFacets facets, WorkIndex work, AgentTimings timings, ILogger<AgentGrain> log)
        : base(facets, SubjectKinds.Agent)
    {
        _work = work;
        _stopping = facets.Silo.Stopping;
        _timings = timings;
        _log = log;
        _leases = new LeaseBook(timings);
        _mailbox = new Mailbox<AgentChange>(() => new AgentChange(Document), Commit);
    }

    private AgentId Id => new(this.GetPrimaryKeyString());

    private TimeSpan Silence => Time.GetElapsedTime(_lastHeard);

    private bool IsGone => Document is null or { IsGone: true };

    private bool IsRemoved => Document is null or { State: AgentState.Removed };

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        _lastHeard = Time.GetTimestamp();
        _boot = Document?.BootId;
        if (IsRemoved)
        {
            return;
        }

        await FindLeases(cancellationToken);
        if (IsOrphan)
        {
            await Change(document => document);
        }

        Watch();
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        // The agent may be dead, and then nobody else would ever see to its leases.
        if (!IsGone)
        {
            ComeBack(reason, GrainFactory.GetGrain<IAgentGrain>(Id.Value).Wake);
        }

        return Task.CompletedTask;
    }

    public async Task<Outcome<AgentView>> Register(RegisterAgent command)
    {
        if (Document is null)
        {
            var agent = new AgentDocument(
                command.Name, command.Labels, command.Capacity, command.SoftwareVersion, Now, command.CredentialHash,
                AgentState.Unknown, null, Now, 0);
            await Change(known => known ?? agent, command.By);
            Watch();
        }

        return Document!.CredentialHash == command.CredentialHash
            ? AgentRows.View(Id, Document)
            : Refusal.Conflict("agent-exists", $"The agent {Id} is registered already.", StateWords.Of(Document.State));
    }

    public async Task<Outcome<Done>> Remove(Actor by)
    {
        if (IsRemoved)
        {
            return Refusal.NotFound($"The agent {Id}");
        }

        await Change(document => document with { State = AgentState.Removed, LastSeenAt = Now }, by);
        Unpark();
        Watch();
        _leases.LoseAll();
        await LoseGivenUp();
        return Done.Instance;
    }

    public Task Wake() => IsRemoved ? SettleRemoval() : CheckSilence();

    private async Task CheckSilence()
    {
        if (IsGone)
        {
            return;
        }

        var silence = Silence;
        try
        {
            if (silence >= _timings.OfflineAfter)
            {
                await FindLeases(CancellationToken.None);
            }

            _leases.LoseSilent(silence);
            await LoseGivenUp();
            await NoteSilence(silence);
        }
        finally
        {
            // However it went: without the next tick nobody would ever give these leases up.
            Watch(silence);
        }
    }

    private async Task NoteSilence(TimeSpan silence)
    {
        if (silence > Silence)
        {
            // It spoke meanwhile.
            return;
        }

        if (silence >= _timings.OfflineAfter && _leases.Count == 0)
        {
            await SetState(AgentState.Offline);
        }
        else if (silence >= _timings.SuspectAfter)
        {
            await SetState(AgentState.Suspect);
        }
    }

    // A lease that was being committed while the agent was removed is in the rows by now. The scheduler wakes the grain
    // until nothing is left.
    private async Task SettleRemoval()
    {
        if (Document is null)
        {
            return;
        }

        await FindLeases(CancellationToken.None);
        _leases.LoseAll();
        await LoseGivenUp();
        if (_leases.Count == 0)
        {
            await Post(batch => batch.Settle());
        }
    }

    // One timer, armed for the next moment at which silence would mean something. It counts from the silence that was dealt
    // with, not from what it has become meanwhile: a limit reached in between is due at once instead of being skipped.
    private void Watch(TimeSpan dealtWith = default)
    {
        if (IsGone)
        {
            _watch?.Dispose();
            _watch = null;
            return;
        }

        TimeSpan?[] limits = [_timings.SuspectAfter, _timings.OfflineAfter, _leases.ShortestLostAfter];
        var silence = Silence;
        var hasSpoken = silence < dealtWith;
        var due = limits.Where(limit => hasSpoken || limit > dealtWith).Min() is { } next ? next - silence : TimeSpan.FromSeconds(1);
        due = due > TimeSpan.Zero ? due : TimeSpan.FromMilliseconds(1);
        _watch ??= this.RegisterGrainTimer(
            _ => CheckSilence(),
            new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { KeepAlive = true, Interleave = true });
        _watch.Change(due < LongestWatch ? due : LongestWatch, Timeout.InfiniteTimeSpan);
    }

    private Task SetState(AgentState state) => Document?.State == state
        ? Task.CompletedTask
        : Change(document => document with { State = state });

    private Task Change(Func<AgentDocument, AgentDocument> change, Actor? by = null) =>
        Post(batch => batch.Apply(change, by ?? Actor.System));

    private Task Post(Action<AgentChange> apply) => _mailbox.Post(batch =>
    {
        apply(batch);
        return Done.Instance;
    });

    private async Task Commit(AgentChange change)
    {
        if (!change.HasChanged && !change.IsSettled)
        {
            return;
        }

        var next = change.Next! with { Running = _leases.Count };
        var view = AgentRows.View(Id, next);
        ImmutableArray<NewEvent> events = change.HasChanged ? [Event(EventTypes.ObjectChanged, change.By, view)] : [];
        DateTimeOffset? wake = next.State == AgentState.Removed && !change.IsSettled ? Now + SettleAfter : null;
        try
        {
            await CommitAsync(next, AgentRows.Index(Id, next, view, Owner), events, nextWake: wake);
        }
        catch
        {
            // The activation ends; a poll that stayed parked would hold that up.
            _isEnding = true;
            Unpark();
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Agent {Agent} lost attempt {Attempt}: {Reason}")]
    private partial void LogLost(AgentId agent, AttemptId attempt, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Attempt {Attempt}, lost by agent {Agent}, could not be given up yet; it is tried again")]
    private partial void LogLoseFailed(AgentId agent, AttemptId attempt, Exception fault);

    [LoggerMessage(Level = LogLevel.Information, Message = "Agent {Agent} speaks with boot id {BootId}")]
    private partial void LogBoot(AgentId agent, string bootId);
}
