using Control.Contracts.Access;
using Control.Contracts.Agents;
using Control.Contracts.Groups;
using Control.Contracts.Runs;

namespace Control.Engine.Runs;

/// <summary>What a batch of events made of a run: the next state, what to record, and what to do once that is committed.</summary>
/// <param name="Next">The next state.</param>
/// <param name="Attempts">The attempts that were made or changed.</param>
/// <param name="Events">In order, for the run's timeline.</param>
/// <param name="Effects">To be carried out after the commit; each may be lost and is found again by <see cref="RunMachine.Recover"/>.</param>
public sealed record RunChange(
    RunModel Next,
    ImmutableArray<AttemptRecord> Attempts,
    ImmutableArray<RunEvent> Events,
    ImmutableArray<RunEffect> Effects)
{
    /// <summary>True when there is nothing to commit.</summary>
    public bool IsEmpty => Events.IsEmpty && Effects.IsEmpty;
}

/// <summary>An entry of the timeline.</summary>
/// <param name="Type">Of <see cref="Contracts.Events.EventTypes"/>.</param>
/// <param name="At">When.</param>
/// <param name="By">Who.</param>
/// <param name="View">The view after the change.</param>
public sealed record RunEvent(string Type, DateTimeOffset At, Actor By, object View);

/// <summary>Something to do in the world after a commit. All of them are hints or idempotent.</summary>
public abstract record RunEffect
{
    private RunEffect()
    {
    }

    /// <summary>Look up the commit of the source's ref.</summary>
    public sealed record ResolveSource(Contracts.Pipelines.GitSource Source, string Ref) : RunEffect;

    /// <summary>Tell the pool that an attempt waits.</summary>
    public sealed record Enqueue(PoolKey Pool, AttemptId Attempt) : RunEffect;

    /// <summary>Tell the agent to stop an attempt.</summary>
    public sealed record Stop(AgentId Agent, LeaseRef Lease) : RunEffect;

    /// <summary>Tell the agent's grain that a lease is over.</summary>
    public sealed record Release(AgentId Agent, LeaseRef Lease) : RunEffect;

    /// <summary>Ask a group for a place.</summary>
    public sealed record Claim(GroupId Group, GroupClaim Request) : RunEffect;

    /// <summary>Give a place in a group back, or stop waiting for it.</summary>
    public sealed record Unclaim(GroupId Group, ClaimRef Place) : RunEffect;

    /// <summary>The run ended: its spans and figures can be written, and an older one may have to go.</summary>
    public sealed record Finished : RunEffect;

    /// <summary>Nobody keeps the run any more: it may have to go.</summary>
    public sealed record Unkept : RunEffect;
}
