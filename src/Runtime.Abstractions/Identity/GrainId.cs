using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>What names one grain among all: its class and its key.</summary>
public readonly struct GrainId : IEquatable<GrainId>, IComparable<GrainId>
{
    private readonly GrainType _type;
    private readonly IdSpan _key;

    /// <summary>Puts an id together.</summary>
    public GrainId(GrainType type, IdSpan key)
    {
        _type = type;
        _key = key;
    }

    /// <summary>The grain class's name.</summary>
    public GrainType Type => _type;

    /// <summary>The grain's key.</summary>
    public IdSpan Key => _key;

    /// <summary>Whether this is the empty default.</summary>
    public bool IsDefault => _type.IsDefault && _key.IsDefault;

    /// <summary>Puts an id together.</summary>
    public static GrainId Create(string type, string key) => Create(GrainType.Create(type), key);

    /// <summary>Puts an id together.</summary>
    public static GrainId Create(GrainType type, string key) => new(type, IdSpan.Create(key));

    /// <summary>Puts an id together.</summary>
    public static GrainId Create(GrainType type, IdSpan key) => new(type, key);

    /// <summary>Compares class and key.</summary>
    public bool Equals(GrainId other) => _key.Equals(other._key) && _type.Equals(other._type);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is GrainId other && Equals(other);

    /// <summary>A hash seeded per process.</summary>
    public override int GetHashCode() => (_type.GetHashCode() * 31) ^ _key.GetHashCode();

    /// <summary>Orders by class, then key.</summary>
    public int CompareTo(GrainId other)
    {
        var types = _type.CompareTo(other._type);
        return types != 0 ? types : _key.CompareTo(other._key);
    }

    /// <summary>The class, a slash and the key.</summary>
    public override string ToString() => $"{_type}/{_key}";

    /// <summary>Compares class and key.</summary>
    public static bool operator ==(GrainId left, GrainId right) => left.Equals(right);

    /// <summary>Compares class and key.</summary>
    public static bool operator !=(GrainId left, GrainId right) => !left.Equals(right);
}
