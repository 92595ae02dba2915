using System.Collections.Immutable;
using System.Text.Json;
using Orleans.Runtime;

namespace Control.Runtime.Clustering;

/// <summary>
/// Who is in the cluster, at one version. Where a grain lives follows from it alone: rendezvous hashing (Thaler and
/// Ravishankar, 1998) gives each grain to the member with the highest score for it, so a member that comes or goes moves only
/// the grains that become or were its own.
/// </summary>
internal sealed class ClusterView
{
    public static readonly ClusterView Empty = new(0, []);

    private readonly (SiloId Id, ulong Seed)[] _places;

    public ClusterView(long version, ImmutableArray<SiloMember> members)
    {
        Version = version;
        Members = members;
        _places = [.. members.Where(member => member is { IsLeaving: false, IsGuest: false }).Select(member => (member.Id, Hash(member.Id.ToString())))];
    }

    public long Version { get; }

    public ImmutableArray<SiloMember> Members { get; }

    public bool Contains(SiloId silo) => Members.Any(member => member.Id == silo);

    /// <summary>Whether grains are placed on the silo.</summary>
    public bool IsPlace(SiloId silo) => Array.Exists(_places, place => place.Id == silo);

    /// <summary>Where the grain lives; null when no member takes grains.</summary>
    public SiloId? PlaceOf(GrainId grain)
    {
        if (_places.Length < 2) return _places.Length == 0 ? null : _places[0].Id;
        var hash = Hash(grain.Type.ToString()) ^ Mix(Hash(grain.Key.ToString()));
        var best = _places[0];
        var highest = Mix(hash ^ best.Seed);
        foreach (var place in _places.AsSpan(1))
        {
            var score = Mix(hash ^ place.Seed);
            if (score > highest) (best, highest) = (place, score);
        }

        return best.Id;
    }

    /// <summary>With a new member; an earlier silo at its address is dead.</summary>
    public ClusterView With(SiloMember member) =>
        new(Version + 1, [.. Members.Where(other => other.Id.Endpoint != member.Id.Endpoint), member]);

    public ClusterView Without(SiloId silo) => new(Version + 1, Members.RemoveAll(member => member.Id == silo));

    public string ToJson() => JsonSerializer.Serialize(new Stored(Version, [.. Members.Select(member => new StoredMember(member.Id.Endpoint, member.Id.Generation, member.IsLeaving, member.IsGuest))]));

    /// <summary>Null when the text is no view.</summary>
    public static ClusterView? Parse(string? json)
    {
        try
        {
            return json is null || JsonSerializer.Deserialize<Stored>(json) is not { Members: { } members } stored
                ? null
                : new ClusterView(stored.Version, [.. members.Select(member => new SiloMember(new SiloId(member.Endpoint, member.Generation), member.IsLeaving, member.IsGuest))]);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    // FNV-1a over the UTF-16 units: the same on every silo, unlike string.GetHashCode.
    private static ulong Hash(string text)
    {
        var hash = 14695981039346656037UL;
        foreach (var unit in text) hash = (hash ^ unit) * 1099511628211UL;
        return hash;
    }

    // The finalizer of MurmurHash3: without it, scores of keys that differ in the last letter would go together.
    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 33)) * 0xff51afd7ed558ccdUL;
        value = (value ^ (value >> 33)) * 0xc4ceb9fe1a85ec53UL;
        return value ^ (value >> 33);
    }

    private sealed record Stored(long Version, StoredMember[] Members);

    private sealed record StoredMember(string Endpoint, long Generation, bool IsLeaving, bool IsGuest = false);
}
