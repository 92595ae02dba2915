using System.Collections.Frozen;
using System.Reflection;
using Control.Runtime.Hosting;
using Orleans;
using Orleans.Runtime;

namespace Control.Runtime;

/// <summary>The grain classes and grain interfaces of a silo, found once at start.</summary>
internal sealed class GrainClasses
{
    private readonly FrozenDictionary<GrainType, GrainClass> _classes;
    private readonly FrozenDictionary<Type, GrainInterface> _interfaces;
    private readonly FrozenDictionary<Type, GrainClass[]> _implementations;

    /// <exception cref="OrleansConfigurationException">Two classes have one name, or an interface has no generated code.</exception>
    public GrainClasses(IEnumerable<Assembly> assemblies, GrainRuntimeOptions options)
    {
        var classes = assemblies.Distinct().SelectMany(assembly => assembly.GetTypes()).Where(IsGrainClass)
            .Select(type => new GrainClass(type, options.IdleAges.TryGetValue(type, out var age) ? age : options.IdleAge))
            .ToArray();
        foreach (var twins in classes.GroupBy(grainClass => grainClass.GrainType).Where(group => group.Count() > 1))
        {
            var names = string.Join(" and ", twins.Select(twin => twin.Type.FullName));
            throw new OrleansConfigurationException($"{names} have the same grain type '{twins.Key}'. Give one of them a [GrainType].");
        }

        _classes = classes.ToFrozenDictionary(grainClass => grainClass.GrainType);
        var manifests = Manifests(assemblies.Concat(classes.SelectMany(InterfacesOf).Select(type => type.Assembly)).Distinct()).ToArray();
        _interfaces = manifests.SelectMany(manifest => manifest.Interfaces).ToFrozenDictionary(known => known.Type);
        Methods = [.. manifests.SelectMany(manifest => manifest.Methods)];
        _implementations = classes.SelectMany(grainClass => InterfacesOf(grainClass).Select(type => (type, grainClass)))
            .GroupBy(pair => pair.type)
            .ToFrozenDictionary(group => group.Key, group => group.Select(pair => pair.grainClass).ToArray());
        foreach (var type in _implementations.Keys.Where(type => !_interfaces.ContainsKey(type)))
        {
            throw new OrleansConfigurationException(
                $"No code was generated for {type.FullName}. Reference Runtime.CodeGen as an analyzer in the project of {type.Assembly.GetName().Name}.");
        }
    }

    public IEnumerable<GrainClass> All => _classes.Values;

    /// <summary>The methods of all grain interfaces.</summary>
    public IReadOnlyList<GrainMethod> Methods { get; }

    /// <summary>The class with a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public GrainClass ClassOf(GrainType type) => _classes.TryGetValue(type, out var found)
        ? found
        : throw new ArgumentException($"No grain class has the grain type '{type}'. Is its assembly given to AddGrainRuntime?");

    /// <summary>What makes references by an interface.</summary>
    /// <exception cref="ArgumentException">It is no grain interface, or there is no class of it.</exception>
    public GrainInterface InterfaceOf(Type type) => _interfaces.TryGetValue(type, out var found)
        ? found
        : throw new ArgumentException($"{type.FullName} is no grain interface of an assembly given to AddGrainRuntime.");

    /// <summary>The class that implements an interface.</summary>
    /// <param name="type">The interface.</param>
    /// <param name="prefix">The start of the class's full name; null when the interface says enough.</param>
    /// <exception cref="ArgumentException">No class or several classes implement it.</exception>
    public GrainClass Implementation(Type type, string? prefix)
    {
        var candidates = _implementations.TryGetValue(type, out var found) ? found : [];
        if (candidates.Length == 1 && prefix is null) return candidates[0];
        if (prefix is not null) candidates = [.. candidates.Where(one => one.Type.FullName!.StartsWith(prefix, StringComparison.Ordinal))];
        var namesakes = candidates.Where(one => "I" + one.Type.Name == type.Name).ToArray();
        if (candidates.Length != 1 && namesakes.Length == 1) candidates = namesakes;
        if (candidates.Length == 1) return candidates[0];
        throw new ArgumentException(candidates.Length == 0
            ? $"No grain class implements {type.FullName}. Is its assembly given to AddGrainRuntime?"
            : $"{string.Join(" and ", candidates.Select(one => one.Type.FullName))} implement {type.FullName}; give a class name prefix.");
    }

    private static bool IsGrainClass(Type type) =>
        type is { IsClass: true, IsAbstract: false, ContainsGenericParameters: false } && type.IsSubclassOf(typeof(Grain));

    private static IEnumerable<Type> InterfacesOf(GrainClass grainClass) => grainClass.Type.GetInterfaces()
        .Where(type => typeof(IGrain).IsAssignableFrom(type) && type.Assembly != typeof(IGrain).Assembly);

    private static IEnumerable<GrainManifest> Manifests(IEnumerable<Assembly> assemblies) => assemblies
        .Select(assembly => assembly.GetCustomAttribute<GrainManifestAttribute>())
        .OfType<GrainManifestAttribute>()
        .Select(attribute => (GrainManifest)Activator.CreateInstance(attribute.Manifest)!);
}
