using Control.Grains.Durable;

namespace Control.Grains.Agents;

/// <summary>
/// Brings queued attempts and free slots together. Everything it knows is a hint: the queue is read again from SQL, offers
/// come again with the agents' polls, and the lease is the run's commit, not this grain's word.
/// </summary>
[Reentrant]
internal sealed partial class PoolGrain(WorkIndex work, ILogger<PoolGrain> log) : Grain, IPoolGrain
{
    // How often the queue is read again from SQL while the pool is in use; bounds how long a lost hint can matter.
    private static readonly TimeSpan ReconcileEvery = TimeSpan.FromSeconds(5);
    private const int QueueLimit = 1_000;

    private readonly LinkedList<AttemptId> _queue = new();
    private readonly HashSet<AttemptId> _known = [];
    private readonly Dictionary<AgentId, Slots> _agents = [];
    private bool _hasCalled;

    private PoolKey Key => PoolKey.Parse(this.GetPrimaryKeyString());

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        await Reconcile(cancellationToken);
        _ = this.RegisterGrainTimer(
            Reconcile, new GrainTimerCreationOptions(ReconcileEvery, ReconcileEvery) { Interleave = true });
    }

    public Task Enqueue(ImmutableArray<AttemptId> attempts)
    {
        Add(attempts);
        return Match();
    }

    public Task Offer(AgentId agent, string agentName, int free)
    {
        if (free > 0)
        {
            _agents[agent] = new Slots(agentName, free);
        }
        else
        {
            _agents.Remove(agent);
        }

        return Match();
    }

    public Task Wake() => Reconcile(CancellationToken.None);

    private async Task Reconcile(CancellationToken cancellationToken)
    {
        var queued = await work.QueuedAsync(Key.Value, QueueLimit, cancellationToken);
        Add([.. queued.Select(row => AttemptId.Parse($"{row.Subject.Key}/{row.ChildKey}"))]);
        _hasCalled = false;
        await Match();
    }

    private void Add(ImmutableArray<AttemptId> attempts)
    {
        foreach (var attempt in attempts)
        {
            if (_known.Add(attempt))
            {
                _queue.AddLast(attempt);
            }
        }
    }

    private async Task Match()
    {
        while (_queue.First is { } first && TakeSlot() is var (agent, name))
        {
            _queue.RemoveFirst();
            // Not awaited: leases of one pool are committed together, not one after the other.
            HandOff(first.Value, agent, name).Ignore();
        }

        if (_queue.Count > 0 && _agents.Count == 0 && !_hasCalled)
        {
            // Once until the next reconcile: agents that were called offer by themselves from then on.
            _hasCalled = true;
            await CallAgents();
        }
    }

    private async Task HandOff(AttemptId attempt, AgentId agent, string name)
    {
        var requeue = true;
        try
        {
            var grain = GrainFactory.GetGrain<IAgentGrain>(agent.Value);
            if (!await grain.Reserve(attempt))
            {
                _agents.Remove(agent);
                return;
            }

            var lease = await GrainFactory.GetGrain<IRunGrain>(attempt.Run.ToString()).TryLease(attempt, agent, name);
            requeue = false;
            if (lease.Granted)
            {
                await grain.Deliver(lease.Value);
            }
            else
            {
                await grain.Unreserve(attempt);
            }
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // The lease may or may not be committed. The reconcile finds the attempt if it is still queued; if it is leased,
            // the agent's grain learns of it from the rows.
            requeue = false;
            LogHandOffFailed(attempt, agent, fault);
        }
        finally
        {
            _known.Remove(attempt);
            if (requeue)
            {
                Requeue(attempt);
            }
        }
    }

    private void Requeue(AttemptId attempt)
    {
        if (_known.Add(attempt))
        {
            _queue.AddFirst(attempt);
            Match().Ignore();
        }
    }

    private (AgentId Agent, string Name)? TakeSlot()
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

        return (agent, slots.Name);
    }

    // Nobody has offered: tell the agents whose labels fit that there is work; they offer when they have room.
    private async Task CallAgents()
    {
        foreach (var (subject, view) in await work.AgentsAsync(CancellationToken.None))
        {
            var agent = ContractJson.Read<AgentView>(view);
            if (agent.State == AgentState.Online && Key.IsServedBy(agent.Labels.ToHashSet()))
            {
                GrainFactory.GetGrain<IAgentGrain>(subject.Key).PoolHasWork(Key).Ignore();
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Handing {Attempt} to agent {Agent} failed; the reconcile takes it up again")]
    private partial void LogHandOffFailed(AttemptId attempt, AgentId agent, Exception fault);

    private sealed record Slots(string Name, int Free);
}
