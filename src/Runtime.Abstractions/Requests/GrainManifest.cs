namespace Control.Runtime;

/// <summary>What the generator found in an assembly. The generated class is named by <see cref="GrainManifestAttribute"/>.</summary>
public abstract class GrainManifest
{
    /// <summary>The grain interfaces.</summary>
    public abstract IReadOnlyList<GrainInterface> Interfaces { get; }

    /// <summary>The methods of the grain interfaces.</summary>
    public abstract IReadOnlyList<GrainMethod> Methods { get; }
}

/// <summary>A grain interface and what makes references by it.</summary>
/// <param name="Type">The interface.</param>
/// <param name="Alias">Its name on the wire.</param>
/// <param name="Refer">Makes a reference.</param>
public sealed record GrainInterface(Type Type, string Alias, Func<GrainTarget, GrainProxy> Refer);

/// <summary>Names an assembly's generated manifest, so that the silo finds it without scanning types.</summary>
[AttributeUsage(AttributeTargets.Assembly)]
public sealed class GrainManifestAttribute : Attribute
{
    /// <summary>Names the manifest.</summary>
    /// <param name="manifest">A <see cref="GrainManifest"/> with a parameterless constructor.</param>
    public GrainManifestAttribute(Type manifest) => Manifest = manifest;

    /// <summary>The manifest's class.</summary>
    public Type Manifest { get; }
}
