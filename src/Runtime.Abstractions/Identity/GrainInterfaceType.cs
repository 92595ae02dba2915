using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>The alias of a grain interface.</summary>
public readonly struct GrainInterfaceType : IEquatable<GrainInterfaceType>
{
    private readonly IdSpan _value;

    /// <summary>Wraps an alias.</summary>
    public GrainInterfaceType(string value) => _value = IdSpan.Create(value);

    /// <summary>The alias.</summary>
    public IdSpan Value => _value;

    /// <summary>Whether this is the empty default.</summary>
    public bool IsDefault => _value.IsDefault;

    /// <summary>Wraps an alias.</summary>
    public static GrainInterfaceType Create(string value) => new(value);

    /// <summary>Compares by ordinal text.</summary>
    public bool Equals(GrainInterfaceType other) => _value.Equals(other._value);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is GrainInterfaceType other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _value.GetHashCode();

    /// <summary>The alias.</summary>
    public override string ToString() => _value.ToString();

    /// <summary>Compares by ordinal text.</summary>
    public static bool operator ==(GrainInterfaceType left, GrainInterfaceType right) => left.Equals(right);

    /// <summary>Compares by ordinal text.</summary>
    public static bool operator !=(GrainInterfaceType left, GrainInterfaceType right) => !left.Equals(right);
}
