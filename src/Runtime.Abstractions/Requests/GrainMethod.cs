using System.Reflection;
using Orleans.Runtime;

namespace Control.Runtime;

/// <summary>What is known of a grain interface's method at compile time; one instance per method.</summary>
public sealed class GrainMethod
{
    private readonly Type[] _parameterTypes;
    private MethodInfo? _info;

    /// <summary>Describes a method; called by generated code.</summary>
    /// <param name="interfaceType">The interface that declares the method.</param>
    /// <param name="interfaceAlias">The interface's name on the wire.</param>
    /// <param name="name">The C# name.</param>
    /// <param name="alias">The name on the wire.</param>
    /// <param name="mixing">How its requests mix with others.</param>
    /// <param name="responseTimeout">How long a caller waits; null for the silo's default.</param>
    /// <param name="parameterTypes">Tells overloads apart.</param>
    /// <param name="create">Makes an empty request, whose arguments are then read.</param>
    public GrainMethod(
        Type interfaceType, string interfaceAlias, string name, string alias, CallMixing mixing, TimeSpan? responseTimeout,
        Type[] parameterTypes, Func<GrainRequest> create)
    {
        InterfaceType = interfaceType;
        InterfaceAlias = GrainInterfaceType.Create(interfaceAlias);
        Name = name;
        Alias = alias;
        Mixing = mixing;
        ResponseTimeout = responseTimeout;
        _parameterTypes = parameterTypes;
        Create = create;
    }

    /// <summary>The interface that declares the method.</summary>
    public Type InterfaceType { get; }

    /// <summary>The interface's name on the wire.</summary>
    public GrainInterfaceType InterfaceAlias { get; }

    /// <summary>The C# name.</summary>
    public string Name { get; }

    /// <summary>The name on the wire.</summary>
    public string Alias { get; }

    /// <summary>How its requests mix with others.</summary>
    public CallMixing Mixing { get; }

    /// <summary>How long a caller waits; null for the silo's default.</summary>
    public TimeSpan? ResponseTimeout { get; }

    /// <summary>Makes an empty request, whose arguments are then read.</summary>
    public Func<GrainRequest> Create { get; }

    /// <summary>The interface's method by reflection, looked up when a filter first asks.</summary>
    public MethodInfo Info => _info ??= InterfaceType.GetMethod(Name, _parameterTypes)!;
}
