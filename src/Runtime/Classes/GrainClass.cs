using System.Reflection;
using Control.Runtime.Activations;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Control.Runtime;

/// <summary>What is known of a grain class at start.</summary>
internal sealed class GrainClass
{
    private readonly ObjectFactory _factory;
    private readonly bool _reentrant;
    private int _activations;

    public GrainClass(Type type, TimeSpan idleAge)
    {
        Type = type;
        IdleAgeMilliseconds = (long)idleAge.TotalMilliseconds;
        GrainType = NameOf(type);
        _factory = ActivatorUtilities.CreateFactory(type, []);
        _reentrant = type.IsDefined(typeof(ReentrantAttribute), inherit: true);
        ActivatesItself = Overrides(type, nameof(Grain.OnActivateAsync));
        DeactivatesItself = Overrides(type, nameof(Grain.OnDeactivateAsync));
        Filters = typeof(IIncomingGrainCallFilter).IsAssignableFrom(type);
    }

    public Type Type { get; }

    public GrainType GrainType { get; }

    public long IdleAgeMilliseconds { get; }

    /// <summary>Whether OnActivateAsync is overridden; calling it otherwise costs for nothing.</summary>
    public bool ActivatesItself { get; }

    /// <summary>Whether OnDeactivateAsync is overridden.</summary>
    public bool DeactivatesItself { get; }

    /// <summary>Whether the class filters its own calls.</summary>
    public bool Filters { get; }

    /// <summary>How many activations there are.</summary>
    public int Activations => Volatile.Read(ref _activations);

    public Grain Create(IServiceProvider services) => (Grain)_factory(services, null);

    public void Count(int change) => Interlocked.Add(ref _activations, change);

    /// <summary>How a turn mixes with others of its activation.</summary>
    public CallMixing MixingOf(Turn turn)
    {
        if (_reentrant) return CallMixing.Always;
        return turn switch
        {
            GrainRequest request => request.Method.Mixing,
            GrainTimer { Interleaves: true } => CallMixing.Always,
            _ => CallMixing.Exclusive,
        };
    }

    private static GrainType NameOf(Type type)
    {
        if (type.GetCustomAttribute<GrainTypeAttribute>() is { } attribute) return attribute.GetGrainType(null!, type);
        var name = type.Name.ToLowerInvariant();
        const string Suffix = "grain";
        return GrainType.Create(name.EndsWith(Suffix, StringComparison.Ordinal) && name.Length > Suffix.Length ? name[..^Suffix.Length] : name);
    }

    private static bool Overrides(Type type, string method) => type.GetMethods().Any(candidate =>
        candidate.Name == method && candidate.GetBaseDefinition().DeclaringType == typeof(Grain) && candidate.DeclaringType != typeof(Grain));
}
