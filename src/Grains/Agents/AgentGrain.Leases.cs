using Control.Engine.Runs;

namespace Control.Grains.Agents;

// What pools and runs say to the agent, and what becomes of its leases.
internal sealed partial class AgentGrain
{
    public Task<bool> Reserve(AttemptId attempt)
    {
        if (Document is not { State: AgentState.Online } || Free == 0 || Silence >= _timings.SuspectAfter)
        {
            return Task.FromResult(false);
        }

        _leases.Reserve(attempt, Now);
        return Task.FromResult(true);
    }

    public Task Unreserve(AttemptId attempt)
    {
        _leases.Unreserve(attempt);
        OfferSlots();
        return Task.CompletedTask;
    }

    public Task Deliver(Assignment assignment)
    {
        _leases.Deliver(assignment);
        return Tell();
    }

    public Task Stop(LeaseRef lease)
    {
        _leases.Track(lease, _timings.OfflineAfter, stopping: true);
        return Tell();
    }

    public Task Release(LeaseRef lease)
    {
        _leases.Remove(lease);
        OfferSlots();
        return Task.CompletedTask;
    }

    // To an agent that is gone nothing can be told any more: what it was leased is lost at once.
    private Task Tell()
    {
        if (IsGone)
        {
            _leases.LoseAll();
            return LoseGivenUp();
        }

        Unpark();
        return Task.CompletedTask;
    }

    // The rows know of leases that this activation was never told of: committed before it began, or delivered by a call
    // that got lost.
    private async Task FindLeases(CancellationToken cancellationToken)
    {
        foreach (var hold in await _work.HeldByAsync(Id.Value, cancellationToken))
        {
            var attempt = ContractJson.Read<AttemptRecord>(hold.Document);
            _leases.Track(attempt.LeaseRef, TimeSpan.FromSeconds(attempt.LostAfterSeconds), attempt.State == AttemptState.Stopping);
        }
    }

    // All at once, so that runs gather them in few commits. What fails stays given up and is tried again with the agent's
    // next message or the next look at the clock.
    private Task LoseGivenUp() => Task.WhenAll(_leases.GivenUp.Select(lost => Lose(lost.Lease, lost.Reason)));

    private async Task Lose(LeaseRef lease, string reason)
    {
        try
        {
            await GrainFactory.GetGrain<IRunGrain>(lease.Attempt.Run.ToString()).AttemptLost(lease, reason);
            _leases.Remove(lease);
            LogLost(Id, lease.Attempt, reason);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            LogLoseFailed(Id, lease.Attempt, fault);
        }
    }

    /// <summary>The assignment under a lease of this very agent: what an agent claims of others' leases counts for nothing.</summary>
    private async Task<Assignment?> Ask(LeaseRef lease) =>
        await GrainFactory.GetGrain<IRunGrain>(lease.Attempt.Run.ToString()).GetAssignment(lease) is { } assignment && assignment.Agent == Id
            ? assignment
            : null;
}
