namespace Control.Grains.Agents;

// What happens when the agent speaks.
internal sealed partial class AgentGrain
{
    public async Task<Outcome<AgentOrders>> Poll(AgentPoll poll, CancellationToken cancellationToken)
    {
        if (Document is null or { State: AgentState.Removed })
        {
            return Refusal.NotFound($"The agent {Id}");
        }

        if (Document.BootId == poll.BootId && poll.Sequence <= _sequence)
        {
            // Overtaken by a newer message: what it says is old.
            return AgentOrders.None;
        }

        var news = await Hear(poll);
        if (poll.Wait > TimeSpan.Zero && news.IsEmpty && !_leases.HasNews)
        {
            await Park(poll.Wait < _timings.ParkLimit ? poll.Wait : _timings.ParkLimit, cancellationToken);
        }

        if (cancellationToken.IsCancellationRequested)
        {
            // Nobody is there to hear; the next poll takes the orders with it.
            return AgentOrders.None;
        }

        var (start, stop) = _leases.TakeOrders(_sequence, Now);
        return new AgentOrders(start, stop, news);
    }

    /// <summary>Takes in what the agent says; returns leases it holds that are not its own any more.</summary>
    private async Task<ImmutableArray<LeaseRef>> Hear(AgentPoll poll)
    {
        var isNewBoot = Document!.BootId != poll.BootId;
        _lastHeard = Time.GetTimestamp();
        _sequence = poll.Sequence;
        _free = Math.Clamp(poll.Free, 0, Document.Capacity);
        _holding = [.. poll.Holding];
        if (poll.Wait > TimeSpan.Zero)
        {
            // The newest poll is the one that waits; an older one still parked goes home empty.
            _parked?.TrySetResult();
        }

        if (isNewBoot)
        {
            LogBoot(Id, poll.BootId);
            await Lose(_leases.Delivered(_holding), Reasons.AgentRestarted);
            await Change(document => document with { BootId = poll.BootId, State = AgentState.Online, LastSeenAt = Now });
        }

        if (isNewBoot || Document.State != AgentState.Online)
        {
            await SetState(AgentState.Online);
            await FindPools();
        }

        await Redeliver(_leases.Missing(_holding, poll.Sequence));
        var stale = await Stale();
        Watch();
        await OfferSlots();
        return stale;
    }

    private async Task<ImmutableArray<LeaseRef>> Stale()
    {
        var stale = ImmutableArray.CreateBuilder<LeaseRef>();
        foreach (var lease in _holding.Where(lease => !_leases.Knows(lease)).ToList())
        {
            if (await Ask(lease) is { } assignment)
            {
                _leases.Track(lease, TimeSpan.FromSeconds(assignment.LostAfterSeconds), stopping: false);
            }
            else
            {
                stale.Add(lease);
            }
        }

        return stale.ToImmutable();
    }

    private async Task Redeliver(List<LeaseRef> missing)
    {
        foreach (var lease in missing)
        {
            if (await Ask(lease) is { } assignment)
            {
                _leases.Deliver(assignment);
            }
            else
            {
                _leases.Remove(lease);
            }
        }
    }

    private Task<Assignment?> Ask(LeaseRef lease) =>
        GrainFactory.GetGrain<IRunGrain>(lease.Attempt.Run.ToString()).GetAssignment(lease);

    private async Task Park(TimeSpan wait, CancellationToken cancellationToken)
    {
        var parked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _parked = parked;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(parked.Task, Task.Delay(wait, Time, ended.Token));
        await ended.CancelAsync();
        if (_parked == parked)
        {
            _parked = null;
        }
    }

    private async Task FindPools()
    {
        var labels = Document!.Labels.ToHashSet();
        foreach (var queue in await _work.QueuesAsync(CancellationToken.None))
        {
            if (PoolKey.Parse(queue) is var pool && pool.IsServedBy(labels))
            {
                _pools.Add(pool);
            }
        }
    }

    // Pools keep an offer until it is changed, so an agent that only renews costs them nothing.
    private async Task OfferSlots()
    {
        var free = Math.Max(0, _free - _leases.Claimed(_holding, Now));
        if (free == _offered && free == 0)
        {
            return;
        }

        _offered = free;
        foreach (var pool in _pools.ToList())
        {
            await OfferTo(pool);
        }
    }

    private Task OfferTo(PoolKey pool) => Document is { State: AgentState.Online } document
        ? GrainFactory.GetGrain<IPoolGrain>(pool.Value).Offer(Id, document.Name, Math.Max(0, _free - _leases.Claimed(_holding, Now)))
        : Task.CompletedTask;
}
