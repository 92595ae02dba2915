namespace Control.Runtime.Codecs;

internal sealed class UnsignedCodec<T>(ulong max, Func<T, ulong> toBits, Func<ulong, T> fromBits) : Codec<T>
{
    public override WireType Wire => WireType.Varint;

    public override void Write(WireWriter writer, T value) => writer.WriteVarint(toBits(value));

    public override T Read(ref WireReader reader)
    {
        var bits = reader.ReadVarint();
        return bits <= max ? fromBits(bits) : throw reader.Corrupt($"{bits} is out of the range of {typeof(T).Name}");
    }
}

internal sealed class SignedCodec<T>(long min, long max, Func<T, long> toNumber, Func<long, T> fromNumber) : Codec<T>
{
    public override WireType Wire => WireType.Varint;

    public override void Write(WireWriter writer, T value) => writer.WriteZigzag(toNumber(value));

    public override T Read(ref WireReader reader)
    {
        var number = reader.ReadZigzag();
        return number >= min && number <= max ? fromNumber(number) : throw reader.Corrupt($"{number} is out of the range of {typeof(T).Name}");
    }
}

internal sealed class Fixed64Codec<T>(Func<T, ulong> toBits, Func<ulong, T> fromBits) : Codec<T>
{
    public override WireType Wire => WireType.Fixed64;

    public override void Write(WireWriter writer, T value) => writer.WriteFixed64(toBits(value));

    public override T Read(ref WireReader reader) => fromBits(reader.ReadFixed64());
}

/// <summary>Enum values as the bits of their underlying number; values without a name pass, for they may come from a newer version.</summary>
/// <typeparam name="T">The enum.</typeparam>
public sealed class EnumCodec<T> : Codec<T>
    where T : struct, Enum
{
    /// <summary>The only instance.</summary>
    public static readonly EnumCodec<T> Instance = new();

    private static readonly Type Underlying = Enum.GetUnderlyingType(typeof(T));

    /// <inheritdoc/>
    public override WireType Wire => WireType.Varint;

    /// <inheritdoc/>
    public override void Write(WireWriter writer, T value) =>
        writer.WriteZigzag(Underlying == typeof(ulong) ? (long)Convert.ToUInt64(value, null) : Convert.ToInt64(value, null));

    /// <inheritdoc/>
    public override T Read(ref WireReader reader)
    {
        var number = reader.ReadZigzag();
        var value = (T)Enum.ToObject(typeof(T), number);
        var back = Underlying == typeof(ulong) ? (long)Convert.ToUInt64(value, null) : Convert.ToInt64(value, null);
        return back == number ? value : throw reader.Corrupt($"{number} is out of the range of {typeof(T).Name}");
    }
}
