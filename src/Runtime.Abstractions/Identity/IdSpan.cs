using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>A part of a grain's id: its text, with the hash computed once because every call looks an id up.</summary>
public readonly struct IdSpan : IEquatable<IdSpan>, IComparable<IdSpan>
{
    private readonly string? _value;
    private readonly int _hash;

    private IdSpan(string value)
    {
        _value = value;
        _hash = value.GetHashCode(StringComparison.Ordinal);
    }

    /// <summary>Whether this is the empty default.</summary>
    public bool IsDefault => _value is null;

    /// <summary>Wraps a text.</summary>
    public static IdSpan Create(string id)
    {
        ArgumentNullException.ThrowIfNull(id);
        return new IdSpan(id);
    }

    /// <summary>Compares by ordinal text.</summary>
    public bool Equals(IdSpan other) => _hash == other._hash && string.Equals(_value, other._value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is IdSpan other && Equals(other);

    /// <summary>A hash seeded per process, so that hostile keys cannot be made to collide.</summary>
    public override int GetHashCode() => _hash;

    /// <summary>Orders by ordinal text.</summary>
    public int CompareTo(IdSpan other) => string.CompareOrdinal(_value, other._value);

    /// <summary>The text; empty for the default.</summary>
    public override string ToString() => _value ?? "";

    /// <summary>Compares by ordinal text.</summary>
    public static bool operator ==(IdSpan a, IdSpan b) => a.Equals(b);

    /// <summary>Compares by ordinal text.</summary>
    public static bool operator !=(IdSpan a, IdSpan b) => !a.Equals(b);
}
