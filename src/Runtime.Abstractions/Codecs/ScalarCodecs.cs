using System.Buffers.Binary;

namespace Control.Runtime.Codecs;

/// <summary>The codecs of the types that have no parts.</summary>
public static class ScalarCodecs
{
    /// <summary>Truth values.</summary>
    public static readonly Codec<bool> Boolean = new UnsignedCodec<bool>(1, value => value ? 1UL : 0UL, bits => bits != 0);

    /// <summary>Bytes.</summary>
    public static readonly Codec<byte> Byte = new UnsignedCodec<byte>(byte.MaxValue, value => value, bits => (byte)bits);

    /// <summary>Unsigned 16-bit numbers.</summary>
    public static readonly Codec<ushort> UInt16 = new UnsignedCodec<ushort>(ushort.MaxValue, value => value, bits => (ushort)bits);

    /// <summary>Unsigned 32-bit numbers.</summary>
    public static readonly Codec<uint> UInt32 = new UnsignedCodec<uint>(uint.MaxValue, value => value, bits => (uint)bits);

    /// <summary>Unsigned 64-bit numbers.</summary>
    public static readonly Codec<ulong> UInt64 = new UnsignedCodec<ulong>(ulong.MaxValue, value => value, bits => bits);

    /// <summary>UTF-16 units.</summary>
    public static readonly Codec<char> Char = new UnsignedCodec<char>(char.MaxValue, value => value, bits => (char)bits);

    /// <summary>Signed bytes.</summary>
    public static readonly Codec<sbyte> SByte = new SignedCodec<sbyte>(sbyte.MinValue, sbyte.MaxValue, value => value, number => (sbyte)number);

    /// <summary>Signed 16-bit numbers.</summary>
    public static readonly Codec<short> Int16 = new SignedCodec<short>(short.MinValue, short.MaxValue, value => value, number => (short)number);

    /// <summary>Signed 32-bit numbers.</summary>
    public static readonly Codec<int> Int32 = new SignedCodec<int>(int.MinValue, int.MaxValue, value => value, number => (int)number);

    /// <summary>Signed 64-bit numbers.</summary>
    public static readonly Codec<long> Int64 = new SignedCodec<long>(long.MinValue, long.MaxValue, value => value, number => number);

    /// <summary>Time spans, in ticks of 100 ns.</summary>
    public static readonly Codec<TimeSpan> TimeSpan =
        new SignedCodec<TimeSpan>(long.MinValue, long.MaxValue, value => value.Ticks, ticks => new TimeSpan(ticks));

    /// <summary>Days, counted from 1 January 0001.</summary>
    public static readonly Codec<DateOnly> DateOnly =
        new SignedCodec<DateOnly>(0, System.DateOnly.MaxValue.DayNumber, value => value.DayNumber, days => System.DateOnly.FromDayNumber((int)days));

    /// <summary>64-bit floating point numbers.</summary>
    public static readonly Codec<double> Double =
        new Fixed64Codec<double>(value => BitConverter.DoubleToUInt64Bits(value), BitConverter.UInt64BitsToDouble);

    /// <summary>32-bit floating point numbers, widened.</summary>
    public static readonly Codec<float> Single =
        new Fixed64Codec<float>(value => BitConverter.DoubleToUInt64Bits(value), bits => (float)BitConverter.UInt64BitsToDouble(bits));

    /// <summary>Texts.</summary>
    public static readonly Codec<string> String = new StringCodec();

    /// <summary>Guids, 16 bytes.</summary>
    public static readonly Codec<Guid> Guid = new BlockCodec<Guid>(16, (value, span) => value.TryWriteBytes(span), span => new Guid(span));

    /// <summary>Decimals, 16 bytes.</summary>
    public static readonly Codec<decimal> Decimal = new BlockCodec<decimal>(16, WriteDecimal, ReadDecimal);

    /// <summary>Moments with their offset, 10 bytes.</summary>
    public static readonly Codec<DateTimeOffset> DateTimeOffset = new BlockCodec<DateTimeOffset>(10, WriteMoment, ReadMoment);

    private static void WriteDecimal(decimal value, Span<byte> span)
    {
        Span<int> bits = stackalloc int[4];
        decimal.GetBits(value, bits);
        for (var i = 0; i < 4; i++) BinaryPrimitives.WriteInt32LittleEndian(span[(i * 4)..], bits[i]);
    }

    private static decimal ReadDecimal(ReadOnlySpan<byte> span)
    {
        Span<int> bits = stackalloc int[4];
        for (var i = 0; i < 4; i++) bits[i] = BinaryPrimitives.ReadInt32LittleEndian(span[(i * 4)..]);
        return new decimal(bits);
    }

    private static void WriteMoment(DateTimeOffset value, Span<byte> span)
    {
        BinaryPrimitives.WriteInt64LittleEndian(span, value.Ticks);
        BinaryPrimitives.WriteInt16LittleEndian(span[8..], (short)value.TotalOffsetMinutes);
    }

    private static DateTimeOffset ReadMoment(ReadOnlySpan<byte> span) => new(
        BinaryPrimitives.ReadInt64LittleEndian(span),
        new TimeSpan(0, BinaryPrimitives.ReadInt16LittleEndian(span[8..]), 0));
}
