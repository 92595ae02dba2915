using Control.Grains.Durable;

namespace Control.Grains.Agents;

/// <summary>
/// Brings queued attempts and free slots together. Everything it knows is a hint: the queue is read again from SQL, offers
/// come again with the agents' polls, and the lease is the run's commit, not this grain's word.
/// </summary>
[Reentrant]
internal sealed partial class PoolGrain(GrainFacets facets, WorkIndex work, ILogger<PoolGrain> log)
    : DurableGrain<PoolDocument>(facets, SubjectKinds.Pool), IPoolGrain
{
    // How often the queue is read again from SQL while the pool is in use; bounds how long a lost hint can matter.
    private static readonly TimeSpan ReconcileEvery = TimeSpan.FromSeconds(5);

    private readonly PoolQueue _queue = new();
    private readonly Dictionary<AgentId, Slots> _agents = [];
    private long _offers;
    private bool _hasCalled;

    private PoolKey Key => PoolKey.Parse(this.GetPrimaryKeyString());

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await base.OnActivateAsync(cancellationToken);
        await Reconcile(cancellationToken);
        _ = this.RegisterGrainTimer(
            Reconcile, new GrainTimerCreationOptions(ReconcileEvery, ReconcileEvery) { Interleave = true });
    }

    public Task Enqueue(ImmutableArray<AttemptId> attempts)
    {
        _queue.Add(attempts);
        return Match();
    }

    public Task Offer(AgentId agent, string agentName, int free)
    {
        if (free > 0)
        {
            _agents[agent] = new Slots(agentName, free, ++_offers);
        }
        else
        {
            _agents.Remove(agent);
        }

        return Match();
    }

    public Task Wake() => Reconcile(CancellationToken.None);

    public async Task<Outcome<PoolView>> Hold(SetHold command)
    {
        var hold = command.Held ? new Hold(command.Reason, command.By, Now) : null;
        var next = new PoolDocument(hold, Document?.CreatedAt ?? Now);
        var view = new PoolView(Key, hold, Version + 1);
        var index = new SubjectIndex(
            "", "", next.CreatedAt.ToUnixTimeMilliseconds(), hold is null ? "open" : "held", Terminal: true, Deleted: hold is null, ContractJson.Write(view));
        await CommitAsync(next, index, [Event(EventTypes.ObjectChanged, command.By, view)]);
        await Match();
        return view;
    }

    private async Task Reconcile(CancellationToken cancellationToken)
    {
        var read = _queue.BeginRead();
        var queues = await work.QueuesAsync(Key.QueueOf(""), cancellationToken);
        var workspaces = queues.Select(queue => queue[Key.QueueOf("").Length..]).ToList();
        var held = (await work.InStateAsync(SubjectKinds.Workspace, workspaces, "held", cancellationToken)).ToImmutableHashSet();
        workspaces.RemoveAll(held.Contains);
        var share = PoolQueue.Share(workspaces.Count);
        var rows = ImmutableArray.CreateBuilder<AttemptId>();
        foreach (var workspace in workspaces)
        {
            var queued = await work.QueuedAsync(Key.QueueOf(workspace), share, cancellationToken);
            rows.AddRange(queued.Select(row => AttemptId.Parse($"{row.Subject.Key}/{row.ChildKey}")));
        }

        _queue.EndRead(read, rows.ToImmutable(), held, share);
        _hasCalled = false;
        await Match();
    }

    private async Task Match()
    {
        if (Document?.Hold is not null)
        {
            return;
        }

        while (!_queue.IsEmpty && TakeSlot() is var (agent, slots))
        {
            // Not awaited: leases of one pool are committed together, not one after the other.
            HandOff(_queue.Take(), agent, slots).Forget();
        }

        if (_queue.IsEmpty)
        {
            _hasCalled = false;
            if (_queue.IsPartial)
            {
                await Reconcile(CancellationToken.None);
            }
        }
        else if (_agents.Count == 0 && !_hasCalled)
        {
            // Once for this queue: agents that were called offer by themselves from then on, and new ones find it in SQL.
            _hasCalled = true;
            await CallAgents();
        }
    }

    private async Task HandOff(AttemptId attempt, AgentId agent, Slots slots)
    {
        var isReserved = false;
        try
        {
            var grain = GrainFactory.GetGrain<IAgentGrain>(agent.Value);
            isReserved = await grain.Reserve(attempt);
            if (isReserved)
            {
                await Lease(attempt, grain, agent, slots.Name);
            }
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // The lease may or may not be committed. The reconcile finds the attempt if it is still queued; if it is leased,
            // the agent's grain finds it in the rows when the reservation has expired.
            LogHandOffFailed(attempt, agent, fault);
        }

        _queue.Release(attempt, isQueued: !isReserved);
        if (!isReserved)
        {
            Withdraw(agent, slots.Offer);
            await Match();
        }
    }

    private async Task Lease(AttemptId attempt, IAgentGrain grain, AgentId agent, string name)
    {
        var lease = await GrainFactory.GetGrain<IRunGrain>(attempt.Run.ToString()).TryLease(attempt, agent, name);
        if (lease.Granted)
        {
            await grain.Deliver(lease.Value);
        }
        else
        {
            await grain.Unreserve(attempt);
        }
    }

    // The agent has no room after all. Only the offer that was tried goes: a newer one may have come meanwhile.
    private void Withdraw(AgentId agent, long offer)
    {
        if (_agents.TryGetValue(agent, out var present) && present.Offer == offer)
        {
            _agents.Remove(agent);
        }
    }

    private (AgentId Agent, Slots Slots)? TakeSlot()
    {
        if (_agents.Count == 0)
        {
            return null;
        }

        // The agent with most room; equal ones in no particular order.
        var (agent, slots) = _agents.MaxBy(pair => pair.Value.Free);
        if (slots.Free > 1)
        {
            _agents[agent] = slots with { Free = slots.Free - 1 };
        }
        else
        {
            _agents.Remove(agent);
        }

        return (agent, slots);
    }

    // Nobody has offered: tell the agents whose labels fit that there is work; they offer when they have room.
    private async Task CallAgents()
    {
        foreach (var (subject, view) in await work.AgentsAsync(CancellationToken.None))
        {
            var agent = ContractJson.Read<AgentView>(view);
            if (agent.State == AgentState.Online && Key.IsServedBy(agent.Labels.ToHashSet()))
            {
                GrainFactory.GetGrain<IAgentGrain>(subject.Key).PoolHasWork(Key).Forget();
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Handing {Attempt} to agent {Agent} failed; the reconcile takes it up again")]
    private partial void LogHandOffFailed(AttemptId attempt, AgentId agent, Exception fault);

    private sealed record Slots(string Name, int Free, long Offer);
}
