using System.Collections.Immutable;
using Control.Runtime.Activations;
using Control.Runtime.Codecs;
using Orleans.Runtime;

namespace Control.Runtime.Clustering;

/// <summary>
/// Lets a grain begin at its new place only once it has ended at the old one, where both silos live: the old place tells which
/// of its grains are moving and when each is gone, the new one holds their calls until then. It is for smoothness, not for
/// safety: after <see cref="Patience"/> calls go on all the same, and a commit by both activations ends one of them.
/// </summary>
internal sealed class HandOver(Cluster cluster, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // In one frame; a grain's id is short.
    private const int MaxIds = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<SiloId, FormerPlace> _formerPlaces = [];
    private volatile ImmutableDictionary<SiloId, Awaited> _awaited = ImmutableDictionary<SiloId, Awaited>.Empty;
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The view has changed: lets go what lives elsewhere now, and notes whom to wait for.</summary>
    public void Change(ClusterView before, ClusterView after, ICollection<Activation> activations)
    {
        // Before this silo knew any view, there was the one without it.
        var former = before.Version == 0 ? after.Without(cluster.Self) : before;
        // Who skipped versions is told of the first of them.
        Await(former, after, before.Version == 0 ? after.Version : before.Version + 1);
        if (former.IsPlace(cluster.Self)) LetGo(former, after, activations);
    }

    /// <summary>A former place tells what it has and what it has no longer.</summary>
    public void Hear(SiloId from, FrameKind kind, ref WireReader reader)
    {
        var version = (long)reader.ReadVarint();
        var count = Math.Min(reader.ReadCount(2), MaxIds);
        lock (_gate)
        {
            if (!_formerPlaces.TryGetValue(from, out var place)) _formerPlaces[from] = place = new FormerPlace();
            for (var i = 0; i < count; i++)
            {
                var grain = GrainId.Create(reader.ReadString(), reader.ReadString());
                if (kind == FrameKind.Moving) place.Busy.Add(grain);
                else place.Busy.Remove(grain);
            }

            if (kind == FrameKind.Moving) place.Told = Math.Max(place.Told, version);
            Forget();
        }
    }

    /// <summary>What to wait for before the grain may begin here; null when nothing stands in its way.</summary>
    public Task? Hold(GrainId grain)
    {
        if (_awaited.IsEmpty) return null;
        lock (_gate) return IsClear(grain) ? null : WaitAsync(grain);
    }

    private async Task WaitAsync(GrainId grain)
    {
        using var patience = new CancellationTokenSource(Patience, time);
        while (!patience.IsCancellationRequested)
        {
            Task news;
            lock (_gate)
            {
                if (IsClear(grain)) return;
                news = _news.Task;
            }

            await news.WaitAsync(patience.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        lock (_gate)
        {
            // Whoever is silent for so long is not waited for again.
            foreach (var place in Standing(grain).ToList())
            {
                if (_formerPlaces.TryGetValue(place, out var former)) former.Busy.Remove(grain);
                if (!HasTold(place)) _awaited = _awaited.Remove(place);
            }

            Forget();
        }
    }

    private bool IsClear(GrainId grain) => !Standing(grain).Any();

    // Former places that the grain may still be at.
    private IEnumerable<SiloId> Standing(GrainId grain) => _awaited
        .Where(awaited => awaited.Value.Before.PlaceOf(grain) == awaited.Key && (!HasTold(awaited.Key) || _formerPlaces[awaited.Key].Busy.Contains(grain)))
        .Select(awaited => awaited.Key);

    private bool HasTold(SiloId place) =>
        !_awaited.TryGetValue(place, out var awaited) || (_formerPlaces.TryGetValue(place, out var former) && former.Told >= awaited.Version);

    // Grains come from everybody when this silo is new, and from one that leaves.
    private void Await(ClusterView former, ClusterView after, long version)
    {
        lock (_gate)
        {
            var isNew = after.IsPlace(cluster.Self) && !former.IsPlace(cluster.Self);
            var places = after.Members.Where(member => member.Id != cluster.Self && former.IsPlace(member.Id) && (isNew || member.IsLeaving));
            foreach (var gone in _formerPlaces.Keys.Where(place => !after.Contains(place)).ToList()) _formerPlaces.Remove(gone);
            // Those of an earlier change that are not done are waited for as before: what they had comes from nowhere else.
            _awaited = _awaited.RemoveRange(_awaited.Keys.Where(place => !after.Contains(place)))
                .AddRange(places.Where(member => !_awaited.ContainsKey(member.Id)).Select(member => KeyValuePair.Create(member.Id, new Awaited(version, former))));
            Forget();
        }
    }

    // Those that have told everything and have nothing left.
    private void Forget()
    {
        foreach (var (place, _) in _awaited.Where(awaited => HasTold(awaited.Key) && _formerPlaces[awaited.Key].Busy.Count == 0))
        {
            _awaited = _awaited.Remove(place);
        }

        var news = _news;
        _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        news.TrySetResult();
    }

    private void LetGo(ClusterView former, ClusterView after, ICollection<Activation> activations)
    {
        var isLeaving = !after.IsPlace(cluster.Self);
        var moving = activations
            .Select(activation => (Activation: activation, Place: after.PlaceOf(activation.GrainId)))
            .Where(moved => moved.Place != cluster.Self)
            .ToLookup(moved => moved.Place, moved => moved.Activation);
        foreach (var place in after.Members.Where(member => member.Id != cluster.Self && after.IsPlace(member.Id) && (isLeaving || !former.IsPlace(member.Id))))
        {
            var ids = moving[place.Id].Select(activation => activation.GrainId).ToArray();
            foreach (var some in ids.Length == 0 ? [[]] : ids.Chunk(MaxIds)) Tell(place.Id, FrameKind.Moving, after.Version, some);
        }

        foreach (var group in moving)
        {
            foreach (var activation in group)
            {
                activation.Deactivate(Cluster.Moved);
                if (group.Key is { } place) _ = TellGoneAsync(place, after.Version, activation);
            }
        }
    }

    private async Task TellGoneAsync(SiloId place, long version, Activation activation)
    {
        await activation.Deactivated.ConfigureAwait(false);
        Tell(place, FrameKind.Moved, version, [activation.GrainId]);
    }

    private void Tell(SiloId place, FrameKind kind, long version, GrainId[] grains)
    {
        var writer = new WireWriter();
        writer.WriteVarint((ulong)version);
        writer.WriteVarint((ulong)grains.Length);
        foreach (var grain in grains)
        {
            writer.WriteString(grain.Type.ToString());
            writer.WriteString(grain.Key.ToString());
        }

        cluster.LinkTo(place).Tell(kind, writer.Written.ToArray());
    }

    /// <summary>A former place that has to tell what it has.</summary>
    /// <param name="Version">Of the view, or a later one, by which it must have told it.</param>
    /// <param name="Before">By this view grains were its.</param>
    private sealed record Awaited(long Version, ClusterView Before);

    private sealed class FormerPlace
    {
        public long Told { get; set; }

        public HashSet<GrainId> Busy { get; } = [];
    }
}
