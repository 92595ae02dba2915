using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Control.Runtime.Clustering;

/// <summary>
/// This silo's part in the view: it joins, keeps its lease, follows the view, removes silos whose lease lapsed, and leaves.
/// While Redis is away nobody joins or is removed, and the last view stands.
/// </summary>
internal sealed partial class Membership(MembershipTable table, ClusterOptions options, TimeProvider time, ILogger log) : IAsyncDisposable
{
    // A silo is removed when its lease is missing so many looks in a row: after Redis lost everything, all that live renew
    // theirs between two looks.
    private const int LooksWithoutLease = 3;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    // A silo that has not renewed its lease for so long, and refuses connections, is dead; renewals come every second.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(2.5);

    private readonly Lock _gate = new();
    private readonly Dictionary<SiloId, int> _lapsed = [];
    private readonly CancellationTokenSource _ended = new();
    private Task _watching = Task.CompletedTask;
    private Task? _refreshing;
    private TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isAgain;
    private bool _hasLeft;
    private long _goodSince = time.GetTimestamp();

    /// <summary>This silo; known once it has joined.</summary>
    public SiloId Self { get; private set; } = new("", 0);

    /// <summary>The newest view known.</summary>
    public ClusterView View { get; private set; } = ClusterView.Empty;

    /// <summary>Called with the view before and the new one, one change at a time.</summary>
    public Action<ClusterView, ClusterView> Changed { get; set; } = (_, _) => { };

    /// <summary>Called when the others have declared this silo dead.</summary>
    public Action Evicted { get; set; } = () => { };

    /// <summary>Enters the view; from the return on, calls for this silo's grains come in.</summary>
    /// <param name="self">It listens already.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task JoinAsync(SiloId self, CancellationToken cancellationToken)
    {
        Self = self;
        await table.RenewAsync(Self, options.Lease).ConfigureAwait(false);
        await ChangeAsync(view => view.With(new SiloMember(Self, IsLeaving: false, IsGuest: !options.HasGrains)), cancellationToken).ConfigureAwait(false);
        LogJoined(log, Self, View.Version, View.Members.Length);
        await table.WatchAsync(() => _ = RefreshAsync()).ConfigureAwait(false);
        _watching = Task.Run(WatchAsync, CancellationToken.None);
    }

    /// <summary>From the return on, no grain is placed on this silo any more.</summary>
    public Task BeginLeaveAsync(CancellationToken cancellationToken) =>
        ChangeAsync(view => view.Contains(Self) ? view.With(new SiloMember(Self, IsLeaving: true, IsGuest: !options.HasGrains)) : view, cancellationToken);

    /// <summary>Goes out of the view.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        lock (_gate) _hasLeft = true;
        await _ended.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ChangeAsync(view => view.Contains(Self) ? view.Without(Self) : view, cancellationToken).ConfigureAwait(false);
        await table.EndLeaseAsync(Self).ConfigureAwait(false);
    }

    /// <summary>Removes a silo that is known to be dead. Returns once the view is without it, or Redis is away.</summary>
    public async Task EvictAsync(SiloId silo, string why)
    {
        try
        {
            if (!View.Contains(silo)) return;
            await ChangeAsync(view => view.Contains(silo) ? view.Without(silo) : view, _ended.Token).ConfigureAwait(false);
            LogEvicted(log, silo, why);
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException or OperationCanceledException)
        {
            LogAway(log, fault);
        }
    }

    /// <summary>True when a silo has not renewed its lease lately; false when it has, or Redis is away.</summary>
    public async Task<bool> IsSilentAsync(SiloId silo)
    {
        try
        {
            return await table.LeaseLeftAsync(silo).ConfigureAwait(false) is not { } left || left < options.Lease - Silence;
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            LogAway(log, fault);
            return false;
        }
    }

    /// <summary>Another silo says that this one is out of its view. It is if that view is newer, unless Redis says otherwise.</summary>
    public async Task HearOutAsync(long version)
    {
        if (View.Version >= version) return;
        try
        {
            var (view, _) = await table.ReadAsync().ConfigureAwait(false);
            if (view is not null) Apply(view);
        }
        catch (Exception fault) when (fault is RedisException or TimeoutException)
        {
            // Cut off from Redis: the others have gone on without this silo, and their word is all there is.
            bool isOut;
            lock (_gate) isOut = !_hasLeft && View.Version < version;
            if (!isOut) return;
            LogDeclaredDead(log, Self, version);
            Evicted();
        }
    }

    /// <summary>Waits for the next view after the one that <see cref="View"/> gave when this was called.</summary>
    public Task NextAsync(CancellationToken cancellationToken)
    {
        lock (_gate) return _next.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Reads the view. Those that ask while it is being read get what is read after their question.</summary>
    public Task RefreshAsync()
    {
        lock (_gate)
        {
            if (_refreshing is not null)
            {
                _isAgain = true;
                return _refreshing;
            }

            return _refreshing = Task.Run(RefreshAllAsync);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task RefreshAllAsync()
    {
        do
        {
            lock (_gate) _isAgain = false;
            try
            {
                var (view, _) = await table.ReadAsync().ConfigureAwait(false);
                if (view is not null) Apply(view);
            }
            catch (Exception fault) when (fault is RedisException or TimeoutException)
            {
                LogAway(log, fault);
                lock (_gate) _refreshing = null;
                return;
            }
        }
        while (IsAskedAgain());
    }

    // Whoever asks from the return on begins anew.
    private bool IsAskedAgain()
    {
        lock (_gate)
        {
            if (!_isAgain) _refreshing = null;
            return _isAgain;
        }
    }

    private async Task WatchAsync()
    {
        using var timer = new PeriodicTimer(Every, time);
        var isAway = false;
        do
        {
            try
            {
                await LookAsync().ConfigureAwait(false);
                isAway = false;
            }
            catch (Exception fault) when (fault is not (OperationCanceledException or OutOfMemoryException))
            {
                // Whatever it is: a silo that does not look any more would lose its lease.
                _goodSince = time.GetTimestamp();
                if (!isAway) LogAway(log, fault);
                isAway = true;
            }
        }
        while (await timer.WaitForNextTickAsync(_ended.Token).ConfigureAwait(false));
    }

    private async Task LookAsync()
    {
        await table.RenewAsync(Self, options.Lease).ConfigureAwait(false);
        var (view, _) = await table.ReadAsync().ConfigureAwait(false);
        if (IsLost(view))
        {
            _goodSince = time.GetTimestamp();
            await ChangeAsync(restored => restored, _ended.Token).ConfigureAwait(false);
        }
        else
        {
            Apply(view!);
        }

        await LookAfterOthersAsync().ConfigureAwait(false);
    }

    // After Redis was away or empty, or when this silo is new, the others get the time of a lease to be back, too.
    private async Task LookAfterOthersAsync()
    {
        if (time.GetElapsedTime(_goodSince) < options.Lease)
        {
            _lapsed.Clear();
            return;
        }

        var others = View.Members.Select(member => member.Id).Where(id => id != Self).ToArray();
        var lapsed = await table.FindLapsedAsync(others).ConfigureAwait(false);
        foreach (var known in _lapsed.Keys.Except(lapsed).ToList()) _lapsed.Remove(known);
        foreach (var silo in lapsed)
        {
            var looks = _lapsed[silo] = _lapsed.GetValueOrDefault(silo) + 1;
            if (looks >= LooksWithoutLease) await EvictAsync(silo, "its lease lapsed").ConfigureAwait(false);
        }
    }

    // Redis has forgotten what it had.
    private bool IsLost(ClusterView? view) => (view?.Version ?? 0) < View.Version;

    // What this silo remembers is as good as it was; and those that joined an empty Redis meanwhile.
    private ClusterView Restored(ClusterView found)
    {
        var members = View.Members.Concat(found.Members).GroupBy(member => member.Id.Endpoint).Select(lives => lives.MaxBy(life => life.Id.Generation)!);
        return new ClusterView(View.Version + 1, [.. members]);
    }

    // Until it is done, or found to be done already.
    private async Task ChangeAsync(Func<ClusterView, ClusterView> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var (view, raw) = await table.ReadAsync().ConfigureAwait(false);
            var next = change(IsLost(view) ? Restored(view ?? ClusterView.Empty) : view ?? ClusterView.Empty);
            if (ReferenceEquals(next, view) || await table.TryReplaceAsync(raw, next).ConfigureAwait(false))
            {
                Apply(next);
                return;
            }
        }
    }

    private void Apply(ClusterView view)
    {
        bool isEvicted;
        lock (_gate)
        {
            if (view.Version <= View.Version) return;
            var before = View;
            View = view;
            _next.TrySetResult();
            _next = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            isEvicted = before.Contains(Self) && !view.Contains(Self) && !_hasLeft;
            if (!isEvicted) Changed(before, view);
        }

        if (!isEvicted) return;
        LogDeclaredDead(log, Self, view.Version);
        Evicted();
    }

    [LoggerMessage(30, LogLevel.Information, "Joined the cluster as {Silo}, version {Version}, {Members} members")]
    private static partial void LogJoined(ILogger log, SiloId silo, long version, int members);

    [LoggerMessage(31, LogLevel.Warning, "Removed silo {Silo} from the cluster: {Why}")]
    private static partial void LogEvicted(ILogger log, SiloId silo, string why);

    [LoggerMessage(32, LogLevel.Warning, "Redis does not answer. Silos go on with the last view; none can join or be removed until it is back")]
    private static partial void LogAway(ILogger log, Exception fault);

    [LoggerMessage(33, LogLevel.Critical, "The cluster has declared {Silo} dead (version {Version}), as after a pause longer than its lease. It stops; start it again")]
    private static partial void LogDeclaredDead(ILogger log, SiloId silo, long version);
}
