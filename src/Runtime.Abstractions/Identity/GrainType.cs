using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>The name of a grain class as it stands in the ids of its grains.</summary>
public readonly struct GrainType : IEquatable<GrainType>, IComparable<GrainType>
{
    private readonly IdSpan _value;

    /// <summary>Wraps a name.</summary>
    public GrainType(IdSpan id) => _value = id;

    /// <summary>The name.</summary>
    public IdSpan Value => _value;

    /// <summary>Whether this is the empty default.</summary>
    public bool IsDefault => _value.IsDefault;

    /// <summary>Wraps a name.</summary>
    public static GrainType Create(string value) => new(IdSpan.Create(value));

    /// <summary>Compares by ordinal text.</summary>
    public bool Equals(GrainType other) => _value.Equals(other._value);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is GrainType other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => _value.GetHashCode();

    /// <summary>Orders by ordinal text.</summary>
    public int CompareTo(GrainType other) => _value.CompareTo(other._value);

    /// <summary>The name.</summary>
    public override string ToString() => _value.ToString();

    /// <summary>Compares by ordinal text.</summary>
    public static bool operator ==(GrainType left, GrainType right) => left.Equals(right);

    /// <summary>Compares by ordinal text.</summary>
    public static bool operator !=(GrainType left, GrainType right) => !left.Equals(right);
}
