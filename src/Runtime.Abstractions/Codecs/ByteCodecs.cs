namespace Control.Runtime.Codecs;

internal sealed class StringCodec : Codec<string>
{
    public override WireType Wire => WireType.Bytes;

    public override void Write(WireWriter writer, string value) => writer.WriteString(value);

    public override string Read(ref WireReader reader) => reader.ReadString();
}

/// <summary>Byte arrays.</summary>
public sealed class ByteArrayCodec : Codec<byte[]>
{
    /// <summary>The only instance.</summary>
    public static readonly ByteArrayCodec Instance = new();

    /// <inheritdoc/>
    public override bool IsShared => false;

    /// <inheritdoc/>
    public override WireType Wire => WireType.Bytes;

    /// <inheritdoc/>
    public override byte[] Copy(byte[] value) => value is null ? null! : (byte[])value.Clone();

    /// <inheritdoc/>
    public override void Write(WireWriter writer, byte[] value) => writer.WriteBytes(value);

    /// <inheritdoc/>
    public override byte[] Read(ref WireReader reader) => reader.ReadBytes().ToArray();
}

internal delegate void BlockWriter<T>(T value, Span<byte> span);

internal delegate T BlockReader<T>(ReadOnlySpan<byte> span);

/// <summary>Values of a fixed number of bytes, at most 16.</summary>
internal sealed class BlockCodec<T>(int size, BlockWriter<T> write, BlockReader<T> read) : Codec<T>
{
    public override WireType Wire => WireType.Bytes;

    public override void Write(WireWriter writer, T value)
    {
        Span<byte> span = stackalloc byte[16];
        write(value, span);
        writer.WriteBytes(span[..size]);
    }

    public override T Read(ref WireReader reader)
    {
        var bytes = reader.ReadBytes();
        if (bytes.Length != size) throw reader.Corrupt($"{bytes.Length} bytes are no {typeof(T).Name}");
        try
        {
            return read(bytes);
        }
        catch (ArgumentException)
        {
            throw reader.Corrupt($"the bytes are no {typeof(T).Name}");
        }
    }
}
