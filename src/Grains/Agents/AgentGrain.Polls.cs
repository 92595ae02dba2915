using Control.Grains.Durable;

namespace Control.Grains.Agents;

// What happens when the agent speaks.
internal sealed partial class AgentGrain
{
    // How often the rows are looked at while the agent speaks, for what no call brought here.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(30);

    // A pool in which nothing waited for so long gets no more offers: it calls when it has work again.
    private static readonly TimeSpan ForgetPoolAfter = TimeSpan.FromMinutes(10);

    // While the silo stops and the grain is still here: short, so as not to hold it up, and not so short that agents run hot.
    private static readonly TimeSpan ParkWhileStopping = TimeSpan.FromMilliseconds(250);

    private readonly Dictionary<PoolKey, long> _pools = [];
    private TaskCompletionSource? _parked;
    private HashSet<LeaseRef> _holding = [];
    private string? _boot;
    private string? _formerBoot;
    private long _sequence = -1;
    private long _waiting = -1;
    private long? _lookedAt;
    private int _free;
    private int _offered;
    private bool _isEnding;

    private int Free => Math.Max(0, _free - _leases.Claimed(_holding, Now));

    public async Task<Outcome<AgentOrders>> Poll(AgentPoll poll, CancellationToken cancellationToken)
    {
        if (IsRemoved)
        {
            return Refusal.NotFound($"The agent {Id}");
        }

        if (poll.BootId == _formerBoot || (poll.BootId == _boot && poll.Sequence <= _sequence))
        {
            // Overtaken by a newer message: what it says is old.
            return AgentOrders.None;
        }

        Hear(poll);
        var stale = await Settle(poll);
        if (poll.Wait > TimeSpan.Zero && stale.IsEmpty && IsAwaited(poll) && !_leases.HasNews)
        {
            await Park(poll.Wait < _timings.ParkLimit ? poll.Wait : _timings.ParkLimit, cancellationToken);
        }

        if (IsRemoved)
        {
            return Refusal.NotFound($"The agent {Id}");
        }

        if (cancellationToken.IsCancellationRequested || !IsAwaited(poll))
        {
            // Nobody may be there to hear; the next poll takes the orders with it.
            return AgentOrders.None with { Forget = stale };
        }

        var (start, stop) = _leases.TakeOrders(_sequence, Now);
        return new AgentOrders(start, stop, stale);
    }

    public Task PoolHasWork(PoolKey pool)
    {
        _pools[pool] = Time.GetTimestamp();
        Offer(pool, Free);
        return Task.CompletedTask;
    }

    // Without a pause in it: of two messages at the same time, the newer one counts whole.
    private void Hear(AgentPoll poll)
    {
        _lastHeard = Time.GetTimestamp();
        _sequence = poll.Sequence;
        _free = Math.Clamp(poll.Free, 0, Document!.Capacity);
        _holding = [.. poll.Holding];
        if (_boot != poll.BootId)
        {
            LogBoot(Id, poll.BootId);
            _formerBoot = _boot;
            _boot = poll.BootId;
            _waiting = -1;
            _leases.LoseEarlierBoot(_holding);
        }

        if (poll.Wait > TimeSpan.Zero)
        {
            // The newest poll is the one that waits; an older one still parked goes home empty.
            _waiting = poll.Sequence;
            Unpark();
        }
    }

    /// <summary>Brings everything in line with what the agent said; returns leases it holds that are not its own any more.</summary>
    private async Task<ImmutableArray<LeaseRef>> Settle(AgentPoll poll)
    {
        await LoseGivenUp();
        await ComeOnline();
        await Look();
        await Redeliver(_leases.Missing(_holding, poll.Sequence));
        var stale = await FindStale();
        Watch();
        OfferSlots();
        return stale;
    }

    private async Task ComeOnline()
    {
        // The boot is recorded once all that the earlier one had is given up; a crash in between finds it unrecorded.
        var boot = _leases.GivenUp.IsEmpty ? _boot : Document!.BootId;
        if (Document!.State != AgentState.Online || Document.BootId != boot)
        {
            _lookedAt = null;
            await Change(document => document with { BootId = boot, State = AgentState.Online, LastSeenAt = Now });
        }
    }

    private async Task Look()
    {
        // A reservation of which nothing was heard again may have become a lease all the same.
        var isDue = _leases.DropExpired(Now) || _lookedAt is not { } at || Time.GetElapsedTime(at) >= LookEvery;
        if (isDue)
        {
            _lookedAt = Time.GetTimestamp();
            await FindLeases(CancellationToken.None);
            await FindPools();
        }
    }

    private async Task FindPools()
    {
        var labels = Document!.Labels.ToHashSet();
        foreach (var queue in await _work.QueuesAsync(ct: CancellationToken.None))
        {
            if (PoolKey.OfQueue(queue) is var pool && pool.IsServedBy(labels))
            {
                _pools[pool] = Time.GetTimestamp();
            }
        }

        foreach (var pool in _pools.Where(pair => Time.GetElapsedTime(pair.Value) >= ForgetPoolAfter).Select(pair => pair.Key).ToList())
        {
            _pools.Remove(pool);
            Offer(pool, 0);
        }
    }

    private async Task Redeliver(List<LeaseRef> missing)
    {
        foreach (var lease in missing)
        {
            if (await Ask(lease) is not { } assignment)
            {
                _leases.Remove(lease);
            }
            else if (_leases.Knows(lease))
            {
                _leases.Deliver(assignment);
            }
        }
    }

    private async Task<ImmutableArray<LeaseRef>> FindStale()
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

    // False for polls that were replaced, and for those of a boot that is over: their answers reach nobody.
    private bool IsAwaited(AgentPoll poll) =>
        !_isEnding && poll.BootId == _boot && (poll.Wait <= TimeSpan.Zero || poll.Sequence == _waiting);

    private async Task Park(TimeSpan wait, CancellationToken cancellationToken)
    {
        var parked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _parked = parked;
        var isStopping = _stopping.IsCancellationRequested;
        wait = isStopping && wait > ParkWhileStopping ? ParkWhileStopping : wait;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, isStopping ? default : _stopping);
        await Task.WhenAny(parked.Task, Task.Delay(wait, Time, ended.Token));
        await ended.CancelAsync();
        if (_parked == parked)
        {
            _parked = null;
        }
    }

    private void Unpark() => _parked?.TrySetResult();

    // Pools keep an offer until it is changed, so an agent that only renews costs them nothing.
    private void OfferSlots()
    {
        var free = Free;
        if (free == 0 && _offered == 0)
        {
            return;
        }

        _offered = free;
        foreach (var pool in _pools.Keys)
        {
            Offer(pool, free);
        }
    }

    // A hint, not waited for: the agent's answer must not wait for its pools.
    private void Offer(PoolKey pool, int free)
    {
        if (Document is { State: AgentState.Online } document)
        {
            GrainFactory.GetGrain<IPoolGrain>(pool.Value).Offer(Id, document.Name, free).Forget();
        }
    }
}
