using System.Buffers.Binary;
using System.Text;

namespace Control.Runtime.Codecs;

/// <summary>
/// Reads the bytes of a message. They may come from anybody: every length is checked against what is left, nesting is
/// limited, and anything wrong is a <see cref="WireFormatException"/>.
/// </summary>
public ref struct WireReader
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;
    private int _depth;

    /// <summary>Reads from the start of the bytes.</summary>
    public WireReader(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    /// <summary>How many bytes are left.</summary>
    public readonly int Remaining => _bytes.Length - _position;

    /// <summary>Reads the beginning of a member.</summary>
    /// <returns>The member's number and layout.</returns>
    public (uint Number, WireType Wire) ReadTag()
    {
        var tag = ReadVarint();
        if (tag >> 3 > uint.MaxValue) throw Corrupt("a member's number is out of range");
        return ((uint)(tag >> 3), (WireType)(tag & 7));
    }

    /// <summary>Reads the beginning of an element.</summary>
    public WireType ReadHeader()
    {
        var wire = Take(1)[0];
        return wire <= (byte)WireType.Map ? (WireType)wire : throw Corrupt("an element has an unknown layout");
    }

    /// <summary>Reads an unsigned number.</summary>
    public ulong ReadVarint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            if (shift == 63 && next > 1) break;
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }

        throw Corrupt("a number is too long");
    }

    /// <summary>Reads a signed number.</summary>
    public long ReadZigzag()
    {
        var value = ReadVarint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>Reads 8 bytes.</summary>
    public ulong ReadFixed64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>Reads a length and that many bytes.</summary>
    public ReadOnlySpan<byte> ReadBytes() => Take(ReadCount(1));

    /// <summary>Reads a text.</summary>
    public string ReadString()
    {
        try
        {
            return StrictUtf8.GetString(ReadBytes());
        }
        catch (DecoderFallbackException)
        {
            throw Corrupt("a text is not UTF-8");
        }
    }

    /// <summary>Reads the count of a collection.</summary>
    /// <param name="bytesEach">The least bytes an element takes, which bounds what a hostile count can make us allocate.</param>
    public int ReadCount(int bytesEach)
    {
        var count = ReadVarint();
        return count <= (ulong)(Remaining / bytesEach) ? (int)count : throw Corrupt("a length exceeds the message");
    }

    /// <summary>Enters an object or a collection.</summary>
    public void Enter()
    {
        if (++_depth > WireWriter.MaxDepth * 2) throw Corrupt("it is nested too deep");
    }

    /// <summary>Leaves an object or a collection.</summary>
    public void Leave() => _depth--;

    /// <summary>Passes over a value that this version does not know.</summary>
    public void Skip(WireType wire)
    {
        switch (wire)
        {
            case WireType.Null:
                break;
            case WireType.Varint:
                ReadVarint();
                break;
            case WireType.Fixed64:
                Take(8);
                break;
            case WireType.Bytes:
                ReadBytes();
                break;
            case WireType.Object:
                SkipObject();
                break;
            case WireType.List:
                SkipElements(ReadCount(1));
                break;
            case WireType.Map:
                SkipElements(ReadCount(2) * 2);
                break;
            default:
                throw Corrupt("an object ends where none began");
        }
    }

    /// <summary>Passes over members up to the end of the object.</summary>
    public void SkipToEnd()
    {
        while (true)
        {
            var (_, wire) = ReadTag();
            if (wire == WireType.End) return;
            Skip(wire);
        }
    }

    /// <summary>The fault of bytes that are not what they should be.</summary>
    /// <param name="what">What is wrong, as part of a sentence.</param>
    public readonly WireFormatException Corrupt(string what) => new($"The message is corrupt at byte {_position}: {what}.");

    private void SkipObject()
    {
        Enter();
        SkipToEnd();
        Leave();
    }

    private void SkipElements(int count)
    {
        Enter();
        for (var i = 0; i < count; i++) Skip(ReadHeader());
        Leave();
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > Remaining) throw Corrupt("it ends too early");
        var span = _bytes.Slice(_position, count);
        _position += count;
        return span;
    }
}
