using System.Buffers.Binary;
using System.Text;

namespace Control.Runtime.Codecs;

/// <summary>Collects the bytes of a message.</summary>
public sealed class WireWriter
{
    // Deeper nesting than any contract has; a cycle among objects ends here instead of in a stack overflow.
    internal const int MaxDepth = 64;

    private byte[] _buffer = new byte[256];
    private int _length;
    private int _depth;

    /// <summary>The bytes so far; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>Begins a member.</summary>
    public void WriteTag(uint number, WireType wire) => WriteVarint(((ulong)number << 3) | (ulong)wire);

    /// <summary>Begins an element.</summary>
    public void WriteHeader(WireType wire) => Take(1)[0] = (byte)wire;

    /// <summary>Writes an unsigned number in up to 10 bytes.</summary>
    public void WriteVarint(ulong value)
    {
        var span = Take(10);
        var count = 0;
        for (; value >= 0x80; value >>= 7) span[count++] = (byte)(value | 0x80);
        span[count++] = (byte)value;
        _length -= 10 - count;
    }

    /// <summary>Writes a signed number, small magnitudes in few bytes.</summary>
    public void WriteZigzag(long value) => WriteVarint((ulong)(value << 1) ^ (ulong)(value >> 63));

    /// <summary>Writes 8 bytes.</summary>
    public void WriteFixed64(ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Take(8), value);

    /// <summary>Writes a length and the bytes.</summary>
    public void WriteBytes(ReadOnlySpan<byte> value)
    {
        WriteVarint((ulong)value.Length);
        value.CopyTo(Take(value.Length));
    }

    /// <summary>Writes a length and the text in UTF-8.</summary>
    public void WriteString(string value)
    {
        var count = Encoding.UTF8.GetByteCount(value);
        WriteVarint((ulong)count);
        Encoding.UTF8.GetBytes(value, Take(count));
    }

    /// <summary>Begins an object.</summary>
    /// <exception cref="WireFormatException">Objects are nested too deep, as a cycle is.</exception>
    public void BeginObject()
    {
        if (++_depth > MaxDepth) throw new WireFormatException($"A value is nested deeper than {MaxDepth} objects. Does it contain itself?");
    }

    /// <summary>Stands between the members of a base type and those of the derived one.</summary>
    public void WriteBorder() => WriteTag(0, WireType.Null);

    /// <summary>Ends an object.</summary>
    public void EndObject()
    {
        _depth--;
        WriteTag(0, WireType.End);
    }

    /// <summary>Forgets what was written, to begin the next message in the same buffer.</summary>
    public void Clear()
    {
        _length = 0;
        _depth = 0;
    }

    private Span<byte> Take(int count)
    {
        if (_buffer.Length - _length < count) Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, checked(_length + count)));
        var span = _buffer.AsSpan(_length, count);
        _length += count;
        return span;
    }
}
