using System.Collections.Concurrent;
using Control.Runtime.Codecs;
using Control.Runtime.Silo;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Control.Runtime.Clustering;

/// <summary>This silo among the others: where grains live, and how calls get there.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    /// <summary>Why an activation ends whose grain lives elsewhere.</summary>
    public static readonly DeactivationReason Moved = new(DeactivationReasonCode.Migrating, "The grain lives on another silo now.");

    // A call that so many silos have passed on finds no place: their views do not come together.
    private const int MaxHops = 16;

    private readonly ConcurrentDictionary<SiloId, SiloLink> _links = new();
    private readonly ClusterOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly SiloListener _listener;
    private MembershipTable? _table;
    private Membership? _membership;
    private GrainSilo? _silo;

    public Cluster(ClusterOptions options, GrainClasses classes, TimeProvider time, ILogger log)
    {
        options.Validate();
        (_options, _time, _log) = (options, time, log);
        Wire = new Wire(classes, options.Faults);
        Tls = new MutualTls(options.Certificate);
        HandOver = new HandOver(this, time);
        Departure = new Departure(time);
        _listener = new SiloListener(this, log);
    }

    public Wire Wire { get; }

    public MutualTls Tls { get; }

    public HandOver HandOver { get; }

    public Departure Departure { get; }

    public string Name => _options.Name;

    public GrainSilo Silo => _silo!;

    public Membership Membership => _membership!;

    public SiloId Self => _membership?.Self ?? new SiloId("", 0);

    public ClusterView View => _membership?.View ?? ClusterView.Empty;

    /// <summary>Listens and joins.</summary>
    public async Task StartAsync(GrainSilo silo, Action evicted, CancellationToken cancellationToken)
    {
        _silo = silo;
        _table = await MembershipTable.OpenAsync(_options).ConfigureAwait(false);
        var endpoint = _listener.Start(_options.Listen);
        _membership = new Membership(_table, _options, _time, _log) { Changed = OnChanged, Evicted = evicted };
        var generation = await _options.NextGeneration(silo.Services, cancellationToken).ConfigureAwait(false);
        await _membership.JoinAsync(new SiloId(endpoint, generation), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>True when the grain lives here, or has not gone yet.</summary>
    public bool IsHere(GrainId grain) => Silo.Has(grain) || View.PlaceOf(grain) == Self;

    /// <summary>Takes a call to where its grain lives, when that is elsewhere or not yet here.</summary>
    /// <returns>False when the grain may begin here.</returns>
    public bool TryCarry(GrainRequest request)
    {
        var grain = request.Target.GrainId;
        if (View.PlaceOf(grain) is not { } place)
        {
            GrainSilo.Fail(request, new SiloUnavailableException("No silo of the cluster takes grains now."));
        }
        else if (place != Self)
        {
            if (request.Hops > MaxHops) FailLost(request);
            else LinkTo(place).Send(request);
        }
        else if (HandOver.Hold(grain) is { } held)
        {
            _ = DeliverAfterAsync(held, request);
        }
        else
        {
            return false;
        }

        return true;
    }

    /// <summary>Delivers a call that did not get where it was sent.</summary>
    public void Reroute(GrainRequest request)
    {
        request.Carrier = null;
        request.Hops++;
        Silo.Deliver(request);
    }

    /// <summary>The callee's view has another place for the grain: delivers the call by a view that is as new.</summary>
    public void RerouteAfter(GrainRequest request, long version)
    {
        if (View.Version > version) Reroute(request);
        else _ = RerouteLaterAsync(request);
    }

    /// <summary>How long the caller still waits, in milliseconds.</summary>
    public long TimeLeft(GrainRequest request) => Silo.TimeLeft(request);

    public Task RefreshAsync() => _membership!.RefreshAsync();

    public Task<bool> IsSilentAsync(SiloId silo) => _membership!.IsSilentAsync(silo);

    public Task HearOutAsync(long version) => _membership!.HearOutAsync(version);

    public Task EvictAsync(SiloId silo, string why) => _membership!.EvictAsync(silo, why);

    public SiloLink LinkTo(SiloId peer) => _links.TryGetValue(peer, out var link) ? link : _links.GetOrAdd(peer, id => new SiloLink(id, this, _log));

    /// <summary>From the return on, no grain is placed here any more, and those that are here are on their way.</summary>
    public Task BeginLeaveAsync(CancellationToken cancellationToken) => _membership!.BeginLeaveAsync(cancellationToken);

    /// <summary>Goes out of the cluster; no grain may be here any more. Until then calls that come are sent on.</summary>
    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        await Departure.SeenByAllAsync(View, Self).ConfigureAwait(false);
        await _membership!.LeaveAsync(cancellationToken).ConfigureAwait(false);
        await Departure.QuietAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync().ConfigureAwait(false);
        foreach (var link in _links.Values) await link.DisposeAsync().ConfigureAwait(false);
        if (_membership is not null) await _membership.DisposeAsync().ConfigureAwait(false);
        if (_table is not null) await _table.DisposeAsync().ConfigureAwait(false);
    }

    private static void FailLost(GrainRequest request) => GrainSilo.Fail(
        request, new SiloUnavailableException($"No silo took the call of {request.Target.GrainId}: it was sent on {MaxHops} times."));

    private void OnChanged(ClusterView before, ClusterView after)
    {
        HandOver.Change(before, after, Silo.Activations);
        foreach (var leaving in after.Members.Where(member => member.IsLeaving && member.Id != Self)) TellSeen(leaving.Id, after.Version);
        foreach (var (peer, link) in _links)
        {
            if (after.Contains(peer) || !_links.TryRemove(peer, out _)) continue;
            // Who left in order answers what it has and then closes the connection itself.
            if (!IsLeaver(before, peer)) _ = link.DisposeAsync().AsTask();
        }

        foreach (var gone in before.Members.Where(member => !member.IsLeaving && !after.Contains(member.Id))) _listener.Drop(gone.Id);
    }

    private static bool IsLeaver(ClusterView before, SiloId peer) => before.Members.Any(member => member.Id == peer && member.IsLeaving);

    private void TellSeen(SiloId leaving, long version)
    {
        var writer = new WireWriter();
        writer.WriteVarint((ulong)version);
        LinkTo(leaving).Tell(FrameKind.Seen, writer.Written.ToArray());
    }

    private async Task DeliverAfterAsync(Task held, GrainRequest request)
    {
        await held.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Silo.Deliver(request);
    }

    private async Task RerouteLaterAsync(GrainRequest request)
    {
        await RefreshAsync().ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Reroute(request);
    }
}
