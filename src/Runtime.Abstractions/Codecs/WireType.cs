namespace Control.Runtime.Codecs;

/// <summary>
/// How a value is laid out, so that a reader can skip what it does not know. Three bits, written with the member's
/// number before a member and alone before an element.
/// </summary>
public enum WireType : byte
{
    /// <summary>No payload: null; between the members of a base type and those of a derived one it is the border.</summary>
    Null = 0,

    /// <summary>An unsigned LEB128 number of up to 10 bytes; signed numbers are zigzag encoded.</summary>
    Varint = 1,

    /// <summary>8 bytes, little-endian.</summary>
    Fixed64 = 2,

    /// <summary>A varint length and that many bytes.</summary>
    Bytes = 3,

    /// <summary>Members up to <see cref="End"/>.</summary>
    Object = 4,

    /// <summary>A varint count and that many elements.</summary>
    List = 5,

    /// <summary>A varint count and that many pairs of elements.</summary>
    Map = 6,

    /// <summary>Ends an object.</summary>
    End = 7,
}
