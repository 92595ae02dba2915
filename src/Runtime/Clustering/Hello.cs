using Control.Runtime.Codecs;

namespace Control.Runtime.Clustering;

/// <summary>The first frame of either end of a connection.</summary>
/// <param name="Cluster">Its cluster's name.</param>
/// <param name="From">Who says it.</param>
/// <param name="To">Whom it believes to speak to; of the answer, who asked.</param>
/// <param name="Refusal">Of the answer: why not, for people; empty when all is well.</param>
/// <param name="Version">Of the view that its sender has; 0 of one that says none.</param>
internal sealed record Hello(string Cluster, SiloId From, SiloId To, string Refusal = "", long Version = 0)
{
    public const int MaxLength = 4096;

    /// <summary>The refusal of a silo that is out of a newer view: who reads it stops, unless it knows better from Redis.</summary>
    public const string NoMember = "The cluster goes on without this silo.";

    public byte[] ToBytes()
    {
        var writer = new WireWriter();
        writer.WriteVarint(Wire.Protocol);
        writer.WriteString(Cluster);
        Write(writer, From);
        Write(writer, To);
        writer.WriteString(Refusal);
        writer.WriteVarint((ulong)Version);
        return writer.Written.ToArray();
    }

    /// <exception cref="WireFormatException">It is of another protocol, or no hello.</exception>
    public static Hello Parse(ReadOnlySpan<byte> bytes)
    {
        var reader = new WireReader(bytes);
        var protocol = reader.ReadVarint();
        if (protocol != Wire.Protocol) throw new WireFormatException($"The other silo speaks protocol {protocol}, this one {Wire.Protocol}. Update silos one step at a time.");
        return new Hello(reader.ReadString(), ReadId(ref reader), ReadId(ref reader), reader.ReadString(), reader.Remaining == 0 ? 0 : (long)reader.ReadVarint());
    }

    private static void Write(WireWriter writer, SiloId id)
    {
        writer.WriteString(id.Endpoint);
        writer.WriteZigzag(id.Generation);
    }

    private static SiloId ReadId(ref WireReader reader) => new(reader.ReadString(), reader.ReadZigzag());
}
